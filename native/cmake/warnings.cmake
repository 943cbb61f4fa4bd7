# SPDX-License-Identifier: MIT
# sp2_warnings: link it to compile under the warnings that all code of this project is free of.
add_library(sp2_warnings INTERFACE)
if(CMAKE_C_COMPILER_ID MATCHES "GNU|Clang")
    target_compile_options(sp2_warnings INTERFACE
        $<$<COMPILE_LANGUAGE:C>:-Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes>)
    if(SP2_WARNINGS_AS_ERRORS)
        target_compile_options(sp2_warnings INTERFACE -Werror)
    endif()
elseif(MSVC)
    # What C11 allows, and MSVC warns of at this level: flexible arrays (4200), values and addresses
    # that are not constant in initializers (4204, 4221), addresses of imported functions (4232),
    # padding where an alignment asks for it (4324), assignments in conditions (4706).
    target_compile_options(sp2_warnings INTERFACE
        /W4 /wd4200 /wd4204 /wd4221 /wd4232 /wd4324 /wd4706)
    if(SP2_WARNINGS_AS_ERRORS)
        target_compile_options(sp2_warnings INTERFACE /WX)
    endif()
endif()
