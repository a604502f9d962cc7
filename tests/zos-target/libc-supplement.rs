// Appended to src/unix/zos/mod.rs of the public fork of libc: what released crates name and that fork does not have. The values cannot be
// right; what is deprecated here makes the check of our own code fail.
#[deprecated(note = "not in the public libc for z/OS")]
pub const F_DUPFD_CLOEXEC: c_int = -1;
#[deprecated(note = "not in the public libc for z/OS")]
pub const O_ASYNC: c_int = 0;
#[deprecated(note = "not in the public libc for z/OS")]
pub const IP_HDRINCL: c_int = -1;
#[deprecated(note = "not in the public libc for z/OS")]
pub const IP_RECVTOS: c_int = -1;
#[deprecated(note = "not in the public libc for z/OS")]
pub const IPV6_ADD_MEMBERSHIP: c_int = -1;
#[deprecated(note = "not in the public libc for z/OS")]
pub const IPV6_DROP_MEMBERSHIP: c_int = -1;
#[deprecated(note = "not in the public libc for z/OS")]
pub const TCP_KEEPIDLE: c_int = -1;
s! {
    pub struct ip_mreqn {
        pub imr_multiaddr: crate::in_addr,
        pub imr_address: crate::in_addr,
        pub imr_ifindex: c_int,
    }
}
extern "C" {
    #[deprecated(note = "not in the public libc for z/OS")]
    pub fn futimens(fd: c_int, times: *const crate::timespec) -> c_int;
}
#[deprecated(note = "not in the public libc for z/OS")]
pub const RTLD_DEFAULT: *mut c_void = core::ptr::null_mut();
