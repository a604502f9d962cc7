mod golden;
mod libyaml;
mod loading;
mod properties;
mod template;
mod timing;
mod values;
mod yaml_texts;
