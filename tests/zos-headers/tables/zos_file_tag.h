/*
 * Of <sys/stat.h> and <fcntl.h>, under _OPEN_SYS_FILE_EXT. struct file_tag: Go (File_tag: CCSID, then 0x8000 for text), ACS BPXYATT. struct
 * f_cnvrt and its commands: ACS BPXYFCTL, Go (F_cnvrt); LLVM's AutoConvert uses the names.
 */
#ifndef ZOS_FILE_TAG_H
#define ZOS_FILE_TAG_H
#include <stddef.h>

struct file_tag {
    unsigned short ft_ccsid;
    /* Bit fields begin at the left where numbers do. */
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    unsigned int ft_txtflag : 1;
    unsigned int ft_deferred : 1;
    unsigned int ft_rsvflags : 14;
#else
    unsigned short ft_rsvflags : 14;
    unsigned short ft_deferred : 1;
    unsigned short ft_txtflag : 1;
#endif
};
_Static_assert(sizeof(struct file_tag) == 4, "File_tag");

#define F_SETTAG 12
#define F_CONTROL_CVT 13
#define SETCVTOFF 0
#define SETCVTON 1
#define SETAUTOCVTON 2
#define QUERYCVT 3
#define SETCVTALL 4
#define SETAUTOCVTALL 5
struct f_cnvrt {
    int cvtcmd;
    short pccsid;
    short fccsid;
};
_Static_assert(sizeof(struct f_cnvrt) == 8 && offsetof(struct f_cnvrt, pccsid) == 4 && offsetof(struct f_cnvrt, fccsid) == 6, "F_cnvrt");
#endif
