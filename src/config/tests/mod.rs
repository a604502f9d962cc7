mod golden;
mod json;
mod loading;
mod properties;
mod quickjs;
mod template;
mod timing;
mod values;
