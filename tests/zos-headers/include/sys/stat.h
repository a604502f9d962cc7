/* Go, Stat_LE_t. */
#ifndef ZOS_SYS_STAT_H
#define ZOS_SYS_STAT_H
#include <sys/types.h>
#ifdef _OPEN_SYS_FILE_EXT
#include <zos_file_tag.h>
#endif
struct stat {
    char st_eye[4];
    unsigned short st_length;
    unsigned short st_version;
    mode_t st_mode;
    ino_t st_ino;
    dev_t st_dev;
    nlink_t st_nlink;
    uid_t st_uid;
    gid_t st_gid;
    off_t st_size;
    char zos_times31[12];
    dev_t st_rdev;
    unsigned int st_auditoraudit;
    unsigned int st_useraudit;
    blksize_t st_blksize;
    char zos_createtime31[4];
    char st_auditid[16];
    char zos_reserved1[4];
#ifdef _OPEN_SYS_FILE_EXT
    struct file_tag st_tag;
#else
    char zos_tag[4];
#endif
    char st_charsetid[8];
    blkcnt_t st_blocks;
    unsigned int st_genvalue;
    char zos_reftime31[4];
    char st_fid[8];
    char st_filefmt;
    char st_fspflag2;
    char zos_reserved2[2];
    int st_ctimemsec;
    char st_seclabel[8];
    char zos_reserved3[8];
    time_t st_atime;
    time_t st_mtime;
    time_t st_ctime;
    time_t st_createtime;
    time_t st_reftime;
    char zos_reserved5[24];
};
_Static_assert(offsetof(struct stat, st_charsetid) == 96 && sizeof(struct stat) == 216, "Stat_LE_t");
int fstat(int descriptor, struct stat *information);
#endif
