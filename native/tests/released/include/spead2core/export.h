/* SPDX-License-Identifier: MIT */
#ifndef SPEAD2CORE_EXPORT_H
#define SPEAD2CORE_EXPORT_H

#include <stdint.h>

/*
 * SP2_API marks every function of the public interface. Define SP2_STATIC when linking the static
 * library on Windows; elsewhere nothing needs to be defined.
 */
#if defined(SP2_STATIC)
#define SP2_API
#elif defined(_WIN32)
#if defined(SP2_BUILDING)
#define SP2_API __declspec(dllexport)
#else
#define SP2_API __declspec(dllimport)
#endif
#else
#define SP2_API __attribute__((visibility("default")))
#endif

/* Initial value of a struct that starts with its size: all fields zero but that one. */
#ifdef __cplusplus
#define SP2_SIZED_INIT(type)                                                                       \
    [] {                                                                                           \
        type sp2_value = type();                                                                   \
        sp2_value.size = static_cast<uint32_t>(sizeof(type));                                      \
        return sp2_value;                                                                          \
    }()
#else
#define SP2_SIZED_INIT(type)                                                                       \
    { .size = sizeof(type) }
#endif

#endif
