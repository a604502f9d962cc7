mod change;
mod instance;
mod machine;
