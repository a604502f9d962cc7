mod golden;
mod json;
mod loading;
mod newest;
mod properties;
mod template;
mod timing;
mod values;
