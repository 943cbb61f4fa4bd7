# SPDX-License-Identifier: MIT
# sp2_warnings: link it to compile under the warnings that all code of this project is free of.
add_library(sp2_warnings INTERFACE)
if(CMAKE_C_COMPILER_ID MATCHES "GNU|Clang")
    target_compile_options(sp2_warnings INTERFACE
        $<$<COMPILE_LANGUAGE:C>:-Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes>)
    if(SP2_WARNINGS_AS_ERRORS)
        target_compile_options(sp2_warnings INTERFACE -Werror)
    endif()
endif()
