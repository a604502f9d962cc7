use super::{Traffic, TrafficError};
use crate::ha::operator::Operator;
pub struct Vary<'a> {
    pub operator: &'a dyn Operator,
    pub sysname: Option<String>,
    pub stack: Option<String>,
    pub port: u16,
    pub job_name: Option<String>,
}
impl Traffic for Vary<'_> {
    fn quiesce_command(&self) -> String {
        String::new()
    }
    fn resume_command(&self) -> String {
        String::new()
    }
    fn check(&self) -> Result<(), TrafficError> {
        Ok(())
    }
    fn quiesce(&self) -> Result<Vec<String>, TrafficError> {
        Ok(vec![])
    }
    fn resume(&self) -> Result<Vec<String>, TrafficError> {
        Ok(vec![])
    }
    fn connections(&self) -> Result<Option<u64>, TrafficError> {
        Ok(None)
    }
}
