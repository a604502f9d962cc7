mod golden;
mod loading;
mod properties;
mod template;
mod timing;
mod values;
