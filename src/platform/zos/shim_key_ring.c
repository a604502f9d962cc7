/* See shim.h: the certificates of a key ring, by R_datalib. Beside shim.c because the service has parameter lists of its own. */
#ifdef __MVS__
#define _UNIX03_SOURCE 1
#define _XOPEN_SOURCE 600
#endif

#include "r_datalib.h"
#include "shim.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#define SUBJECT_SIZE 4096
#define RECORD_ID_SIZE 246

/* What every call has. */
struct call {
    /* Double words. */
    uint64_t work_area[128];
    struct r_datalib_user user;
    struct r_datalib_ring ring;
    int32_t *codes;
};

static void r_datalib(struct call *call, uint8_t function, uint32_t version, void *list)
{
    uint32_t parameters = R_DATALIB_PARAMETERS;
    uint32_t alets[3] = {0, 0, 0};
    /* The key's type could be of any kind; the key itself is not asked for. */
    uint32_t attributes = function == R_DATALIB_ABORT ? 0 : R_DATALIB_ALL_KEY_TYPES;
    memset(call->work_area, 0, sizeof call->work_area);
    memset(call->codes, 0, 3 * sizeof call->codes[0]);
    IRRSDL64(&parameters, call->work_area, &alets[0], &call->codes[0], &alets[1], &call->codes[1], &alets[2], &call->codes[2], &function,
             &attributes, &call->user, &call->ring, &version, list);
}

static int is(const struct call *call, int32_t saf_code, int32_t racf_code, int32_t reason)
{
    return call->codes[0] == saf_code && call->codes[1] == racf_code && call->codes[2] == reason;
}

/* A certificate in DER is a SEQUENCE that says how long it is, in two bytes or three for any that are not tiny or huge. */
static int is_whole(const uint8_t *certificate, uint32_t size)
{
    uint32_t length;
    if (size < 5 || certificate[0] != 0x30)
        return 0;
    if (certificate[1] == 0x81)
        length = 3u + certificate[2];
    else if (certificate[1] == 0x82)
        length = 4u + (((uint32_t)certificate[2] << 8) | certificate[3]);
    else if (certificate[1] == 0x83)
        length = 5u + (((uint32_t)certificate[2] << 16) | ((uint32_t)certificate[3] << 8) | certificate[4]);
    else
        length = 2u + certificate[1];
    return length == size;
}

static int is_same(const struct zwelnch_ring_certificate *one, const struct zwelnch_ring_certificate *other)
{
    return one->label_size == other->label_size && memcmp(one->label, other->label, sizeof one->label) == 0 &&
           memcmp(one->owner, other->owner, sizeof one->owner) == 0;
}

int32_t zwelnch_key_ring(const uint8_t *owner, size_t owner_size, const uint8_t *name, size_t name_size,
                         struct zwelnch_ring_certificate certificates[], size_t capacity, uint8_t *bytes, size_t size, int32_t codes[3])
{
    struct call call;
    struct r_datalib_handle handle;
    struct r_datalib_get list;
    struct r_datalib_abort abort_list;
    uint8_t subject[SUBJECT_SIZE], record_id[RECORD_ID_SIZE];
    int32_t count = 0, result = 0, kept[3];
    size_t used = 0;
    memset(&call, 0, sizeof call);
    memset(&handle, 0, sizeof handle);
    call.codes = codes;
    memset(codes, 0, 3 * sizeof codes[0]);
    if (owner_size > sizeof call.user.name || name_size > sizeof call.ring.name)
        return -EINVAL;
    call.user.length = (uint8_t)owner_size;
    memcpy(call.user.name, owner, owner_size);
    call.ring.length = (uint8_t)name_size;
    memcpy(call.ring.name, name, name_size);
    for (;;) {
        struct zwelnch_ring_certificate *place = &certificates[count];
        int is_withheld;
        if ((size_t)count == capacity || used == size) {
            result = -E2BIG;
            break;
        }
        memset(place, 0, sizeof *place);
        memset(&list, 0, sizeof list);
        list.handle = &handle;
        list.certificate = bytes + used;
        list.certificate_length = (uint32_t)(size - used);
        list.label = place->label;
        list.label_length = sizeof place->label;
        list.owner_length = sizeof list.owner;
        list.subject = subject;
        list.subject_length = sizeof subject;
        list.record_id = record_id;
        list.record_id_length = sizeof record_id;
        memset(bytes + used, 0, size - used < 8 ? size - used : 8);
        r_datalib(&call, count == 0 ? R_DATALIB_GET_FIRST : R_DATALIB_GET_NEXT, R_DATALIB_LIST_VERSION, &list);
        if (is(&call, 8, 8, 44)) {
            /* No more, or none at all. */
            memset(codes, 0, 3 * sizeof codes[0]);
            break;
        }
        if (is(&call, 8, 8, 48) && (list.certificate_length > size - used || list.subject_length > sizeof subject)) {
            result = -E2BIG;
            break;
        }
        /* There was room for everything but the private key, for which there is none. */
        is_withheld = is(&call, 8, 8, 48);
        if (codes[0] != 0 && !is_withheld) {
            result = -EIO;
            break;
        }
        if (is_withheld && !is_whole(bytes + used, list.certificate_length))
            list.certificate_length = 0;
        if (list.certificate_length > size - used || list.label_length > sizeof place->label) {
            result = -EIO;
            break;
        }
        place->usage = list.usage;
        place->status = list.status;
        place->is_default = list.is_default;
        place->size = list.certificate_length;
        place->label_size = list.label_length;
        memcpy(place->owner, list.owner, sizeof place->owner);
        if (is_withheld && (handle.token == 0 || (count > 0 && is_same(place, place - 1)))) {
            /* It does not go on to the next. */
            result = -EIO;
            break;
        }
        used += place->size;
        count++;
    }
    memcpy(kept, codes, sizeof kept);
    if (handle.token != 0) {
        abort_list.handle = &handle;
        r_datalib(&call, R_DATALIB_ABORT, 0, &abort_list);
    }
    memcpy(codes, kept, sizeof kept);
    return result == 0 ? count : result;
}
