//! Operator commands about TCP/IP, as far as switching traffic needs them. Operands as in z/OS Communications Server, IP System
//! Administrator's Commands.

use std::fmt;

/// VARY TCPIP,\[procname\],SYSPLEX,QUIESCE|RESUME,PORT=portnum[,JOBNAME=jobname]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vary {
    /// The TCP/IP address space; None where the system has one only.
    pub stack: Option<String>,
    /// True: no new connections. False: new connections again.
    pub quiesce: bool,
    /// 1 to 65535.
    pub port: u16,
    /// Which of several listeners at the port is meant.
    pub job_name: Option<String>,
}

impl Vary {
    /// The word of the command.
    pub fn action(&self) -> &'static str {
        if self.quiesce { "QUIESCE" } else { "RESUME" }
    }
}

/// As an operator types it in full.
impl fmt::Display for Vary {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stack = self.stack.as_deref().unwrap_or_default();
        write!(formatter, "VARY TCPIP,{stack},SYSPLEX,{},PORT={}", self.action(), self.port)?;
        self.job_name.as_ref().map_or(Ok(()), |job_name| write!(formatter, ",JOBNAME={job_name}"))
    }
}

/// DISPLAY TCPIP,\[procname\],NETSTAT,CONN[,PORT=portnum]\[,MAX=number|*\]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connections {
    pub stack: Option<String>,
    pub port: Option<u16>,
    /// Most lines shown; None: all.
    pub maximum: Option<usize>,
}

/// As an operator types it in full.
impl fmt::Display for Connections {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "D TCPIP,{},NETSTAT,CONN", self.stack.as_deref().unwrap_or_default())?;
        self.port.map_or(Ok(()), |port| write!(formatter, ",PORT={port}"))?;
        match self.maximum {
            Some(maximum) => write!(formatter, ",MAX={maximum}"),
            None => formatter.write_str(",MAX=*"),
        }
    }
}

/// DISPLAY TCPIP,\[procname\],NETSTAT,VDPT: the destination port table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destinations {
    pub stack: Option<String>,
}

/// As an operator types it in full.
impl fmt::Display for Destinations {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "D TCPIP,{},NETSTAT,VDPT", self.stack.as_deref().unwrap_or_default())
    }
}
