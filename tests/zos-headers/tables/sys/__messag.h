/* RTL __console2 for the prototype and the names; Go (ConsMsg2) for the places of the fields. */
#ifndef ZOS_SYS_MESSAG_H
#define ZOS_SYS_MESSAG_H
#include <stddef.h>

#define __CONSOLE_FORMAT_2 2
#define __CONSOLE_FORMAT_3 3
#define __CONSOLE_HRDCPY 0x80000000u
#define _CC_modify 1
#define _CC_stop 2

struct __cons_msg2 {
    unsigned short __cm2_format;
    unsigned short __cm2_r1;
    unsigned int __cm2_msglength;
    char *__cm2_msg;
    char __cm2_r2[4];
    char __cm2_r3[4];
    /* Each list ends with 0. */
    unsigned int *__cm2_routcde;
    unsigned int *__cm2_descr;
    unsigned int __cm2_mcsflag;
    unsigned int __cm2_token;
    unsigned int *__cm2_msgid;
    char __cm2_r4[4];
    unsigned int __cm2_dom_token;
    unsigned int *__cm2_dom_msgid;
    /* Format 3: 8 and 4 bytes that the system writes. */
    char *__cm2_mod_cartptr;
    char *__cm2_mod_considptr;
    /* Format 3: what the message answers. */
    char __cm2_msg_cart[8];
    char __cm2_msg_consid[4];
    char __cm2_r5[12];
};

#define ZOS_AT(field, place) _Static_assert(offsetof(struct __cons_msg2, field) == (place), #field)
ZOS_AT(__cm2_format, 0);
ZOS_AT(__cm2_msglength, 4);
ZOS_AT(__cm2_msg, 8);
ZOS_AT(__cm2_routcde, 24);
ZOS_AT(__cm2_descr, 32);
ZOS_AT(__cm2_mcsflag, 40);
ZOS_AT(__cm2_token, 44);
ZOS_AT(__cm2_msgid, 48);
ZOS_AT(__cm2_dom_token, 60);
ZOS_AT(__cm2_dom_msgid, 64);
ZOS_AT(__cm2_mod_cartptr, 72);
ZOS_AT(__cm2_mod_considptr, 80);
ZOS_AT(__cm2_msg_cart, 88);
ZOS_AT(__cm2_msg_consid, 96);
#undef ZOS_AT
_Static_assert(sizeof(struct __cons_msg2) == 112, "ConsMsg2");

int __console2(struct __cons_msg2 *message, char *modify, int *command);
#endif
