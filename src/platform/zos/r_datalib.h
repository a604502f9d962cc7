/*
 * R_datalib (IRRSDL64), the callable service that reads key rings, as IBM's mapping macro IRRPCOMX has its parameter lists. There is no C
 * header for it on z/OS. Sources, field by field: IRRPCOMX as converted to C by IBM's DSECT utility (sizes X'0008' and X'0074'), the structures
 * of zowe/keyring-utilities, and "z/OS Security Server RACF Callable Services" (SA23-2293), general parameter list; the places are asserted in
 * tests/zos-headers/r_datalib_layout.c. All text is EBCDIC.
 */
#ifndef ZWELNCH_R_DATALIB_H
#define ZWELNCH_R_DATALIB_H

#include <stdint.h>

/* Num_parms, the first parameter in AMODE 64. */
#define R_DATALIB_PARAMETERS 14

#define R_DATALIB_GET_FIRST 0x01
#define R_DATALIB_GET_NEXT 0x02
#define R_DATALIB_ABORT 0x03

/* Attributes of DataGetFirst and DataGetNext: CDDLX_ATT_ALL_KEYTYPES. */
#define R_DATALIB_ALL_KEY_TYPES 0x80000000u

/* Certificate_usage. Neither bit: SITE. */
#define R_DATALIB_CERTAUTH 0x00000002u
#define R_DATALIB_PERSONAL 0x00000008u

/* The list that has Certificate_status. */
#define R_DATALIB_LIST_VERSION 1

/* CDDLX_HANDLE_MAP: filled by DataGetFirst, and then kept for the other calls. */
struct r_datalib_handle {
    uint32_t token;
    uint32_t predicates;
    uint32_t attribute_id;
    uint32_t attribute_length;
    void *attribute;
};

/* CDDLX_GET_CERT: lengths are what there is room for, and then what was written. */
struct r_datalib_get {
    struct r_datalib_handle *handle;
    uint32_t usage;
    uint32_t is_default;
    uint32_t certificate_length;
    uint32_t reserved_1;
    uint8_t *certificate;
    uint32_t private_key_length;
    uint32_t reserved_2;
    uint8_t *private_key;
    uint32_t private_key_type;
    uint32_t private_key_bits;
    uint32_t label_length;
    uint32_t reserved_3;
    uint8_t *label;
    uint8_t owner_length;
    uint8_t owner[8];
    uint8_t reserved_4[3];
    uint32_t subject_length;
    uint8_t *subject;
    uint32_t record_id_length;
    uint32_t reserved_5;
    uint8_t *record_id;
    uint32_t status;
};

/* CDDLX_ABORT. */
struct r_datalib_abort {
    struct r_datalib_handle *handle;
};

/* A byte with the length, then the name. */
struct r_datalib_user {
    uint8_t length;
    uint8_t name[8];
};
struct r_datalib_ring {
    uint8_t length;
    uint8_t name[237];
};

/* Every parameter by its address; an ALET of 0 is the primary address space. */
void IRRSDL64(uint32_t *parameters, void *work_area, uint32_t *alet_1, int32_t *saf_code, uint32_t *alet_2, int32_t *racf_code,
              uint32_t *alet_3, int32_t *racf_reason, uint8_t *function, uint32_t *attributes, struct r_datalib_user *user,
              struct r_datalib_ring *ring, uint32_t *list_version, void *list);

#ifdef __MVS__
/* A service of the system, not a C function: OS linkage, as zowe/keyring-utilities has it. Clang knows the pragma on z/OS alone. */
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wunknown-pragmas"
#pragma linkage(IRRSDL64, OS)
#pragma clang diagnostic pop
#endif

#endif
