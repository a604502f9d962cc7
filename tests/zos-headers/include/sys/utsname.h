/* Go, Utsname; RTL uname, __osname. */
#ifndef ZOS_SYS_UTSNAME_H
#define ZOS_SYS_UTSNAME_H
struct utsname {
    char sysname[16];
    char nodename[32];
    char release[8];
    char version[8];
    char machine[16];
};
_Static_assert(sizeof(struct utsname) == 80, "Utsname");
int uname(struct utsname *name);
int __osname(struct utsname *name);
#endif
