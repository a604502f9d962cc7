mod golden;
mod json;
mod loading;
mod properties;
mod template;
mod timing;
mod values;
