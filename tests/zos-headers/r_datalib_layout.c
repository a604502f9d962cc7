/*
 * The parameter lists of R_datalib against IBM's mapping macro IRRPCOMX: its fields in their order, each with the size that the macro gives it,
 * and the sizes in its prolog (cddlx_abort X'0008', cddlx_get_cert X'0074'). Places are the sums.
 */
#include "r_datalib.h"

#include <stddef.h>

#define AT(structure, field, place) _Static_assert(offsetof(struct structure, field) == (place), #structure "." #field)

AT(r_datalib_handle, token, 0x00);            /* CDDLX_TOKEN, 4 */
AT(r_datalib_handle, predicates, 0x04);       /* CDDLX_PREDICATES, 4 */
AT(r_datalib_handle, attribute_id, 0x08);     /* CDDLX_ATTR_ID, 4 */
AT(r_datalib_handle, attribute_length, 0x0C); /* CDDLX_ATTR_LEN, 4 */
AT(r_datalib_handle, attribute, 0x10);        /* CDDLX_ATTR_PTR, 8 */
_Static_assert(sizeof(struct r_datalib_handle) == 0x18, "handle");

AT(r_datalib_get, handle, 0x00);             /* CDDLX_RES_HANDLE, 8 */
AT(r_datalib_get, usage, 0x08);              /* CDDLX_CERT_USAGE, 4 */
AT(r_datalib_get, is_default, 0x0C);         /* CDDLX_CERT_DEFAULT, 4 */
AT(r_datalib_get, certificate_length, 0x10); /* CDDLX_CERT_LEN, 4; alignment, 4 */
AT(r_datalib_get, certificate, 0x18);        /* CDDLX_CERT_PTR, 8 */
AT(r_datalib_get, private_key_length, 0x20); /* CDDLX_PK_LEN, 4; alignment, 4 */
AT(r_datalib_get, private_key, 0x28);        /* CDDLX_PK_PTR, 8 */
AT(r_datalib_get, private_key_type, 0x30);   /* CDDLX_PK_TYPE, 4 */
AT(r_datalib_get, private_key_bits, 0x34);   /* CDDLX_PK_BITSIZE, 4 */
AT(r_datalib_get, label_length, 0x38);       /* CDDLX_LABEL_LEN, 4; alignment, 4 */
AT(r_datalib_get, label, 0x40);              /* CDDLX_LABEL_PTR, 8 */
AT(r_datalib_get, owner_length, 0x48);       /* CDDLX_RACF_USERID, 9; reserved, 3 */
AT(r_datalib_get, owner, 0x49);
AT(r_datalib_get, subject_length, 0x54);   /* CDDLX_SDN_LEN, 4 */
AT(r_datalib_get, subject, 0x58);          /* CDDLX_SDN_PTR, 8 */
AT(r_datalib_get, record_id_length, 0x60); /* CDDLX_RECID_LEN, 4; alignment, 4 */
AT(r_datalib_get, record_id, 0x68);        /* CDDLX_RECID_PTR, 8 */
AT(r_datalib_get, status, 0x70);           /* CDDLX_STATUS, 4 */
/* The macro's end; what C appends for alignment is not looked at. */
_Static_assert(offsetof(struct r_datalib_get, status) + 4 == 0x74, "get");

_Static_assert(sizeof(struct r_datalib_abort) == 0x08, "abort");

/* SA23-2293: RACF_userid is a 9-byte area; Ring_name a length of 1 byte and 1 to 237 characters. */
_Static_assert(sizeof(struct r_datalib_user) == 9, "user");
_Static_assert(sizeof(struct r_datalib_ring) == 238, "ring");
