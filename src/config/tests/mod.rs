mod golden;
mod json;
mod libyaml;
mod loading;
mod newest;
mod properties;
#[cfg(feature = "templates")]
mod quickjs;
#[cfg(feature = "templates")]
mod template;
mod timing;
mod values;
mod yaml_texts;
