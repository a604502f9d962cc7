use super::{Traffic, TrafficError};
pub struct HaProxy;
impl HaProxy {
    pub fn new(_: &str, _: &str, _: &str) -> Result<HaProxy, TrafficError> {
        Ok(HaProxy)
    }
}
impl Traffic for HaProxy {
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
