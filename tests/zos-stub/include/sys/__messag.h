/* <sys/__messag.h> of z/OS. */
#ifndef ZOS_STUB_MESSAG_H
#define ZOS_STUB_MESSAG_H
#include <stddef.h>

#define __CONSOLE_FORMAT_2 2
#define __CONSOLE_FORMAT_3 3
#define _CC_modify 1
#define _CC_stop 2

struct __cons_msg2 {
    unsigned short __cm2_format;
    unsigned short __cm2_r1;
    unsigned int __cm2_msglength;
    char *__cm2_msg;
    char __cm2_r2[8];
    unsigned int *__cm2_routcde;
    unsigned int *__cm2_descr;
    unsigned int __cm2_mcsflag;
    unsigned int __cm2_token;
    unsigned int *__cm2_msgid;
    unsigned int __cm2_r3;
    unsigned int __cm2_dom_token;
    unsigned int *__cm2_dom_msgid;
    char *__cm2_mod_cartptr;
    char *__cm2_mod_considptr;
    char __cm2_msg_cart[8];
    char __cm2_msg_consid[4];
    unsigned int __cm2_r4[3];
};

#define ZOS_STUB_AT(field, place) _Static_assert(offsetof(struct __cons_msg2, field) == (place), #field)
ZOS_STUB_AT(__cm2_format, 0);
ZOS_STUB_AT(__cm2_msglength, 4);
ZOS_STUB_AT(__cm2_msg, 8);
ZOS_STUB_AT(__cm2_routcde, 24);
ZOS_STUB_AT(__cm2_descr, 32);
ZOS_STUB_AT(__cm2_mcsflag, 40);
ZOS_STUB_AT(__cm2_token, 44);
ZOS_STUB_AT(__cm2_msgid, 48);
ZOS_STUB_AT(__cm2_dom_token, 60);
ZOS_STUB_AT(__cm2_dom_msgid, 64);
ZOS_STUB_AT(__cm2_mod_cartptr, 72);
ZOS_STUB_AT(__cm2_mod_considptr, 80);
ZOS_STUB_AT(__cm2_msg_cart, 88);
ZOS_STUB_AT(__cm2_msg_consid, 96);
_Static_assert(sizeof(struct __cons_msg2) == 112, "__cons_msg2");

int __console2(struct __cons_msg2 *msg, char *modstr, int *concmd);
#endif
