/* SPDX-License-Identifier: MIT */
#include "spead2core/status.h"

const char *sp2_status_name(int32_t status) {
    switch (status) {
#define NAME_CASE(name, value, text)                                                               \
    case value:                                                                                    \
        return "SP2_" #name;
        SP2_STATUS_MAP(NAME_CASE)
#undef NAME_CASE
    default:
        return "SP2_E_UNKNOWN";
    }
}

const char *sp2_status_message(int32_t status) {
    switch (status) {
#define TEXT_CASE(name, value, text)                                                               \
    case value:                                                                                    \
        return text;
        SP2_STATUS_MAP(TEXT_CASE)
#undef TEXT_CASE
    default:
        return "not a status of this library";
    }
}
