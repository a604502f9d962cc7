mod instance;
mod machine;
