mod change;
mod instance;
mod machine;
mod wanted;
