# SPDX-License-Identifier: MIT
# Builds everything with the sanitizers named in SP2_SANITIZE. What they find ends the program.
if(SP2_SANITIZE)
    # C++ is only compiled, never run, perhaps by a compiler that does not know them all.
    add_compile_options($<$<COMPILE_LANGUAGE:C>:-fsanitize=${SP2_SANITIZE}>
        -fno-sanitize-recover=all -fno-omit-frame-pointer -g)
    add_link_options(-fsanitize=${SP2_SANITIZE})
    if(SP2_SANITIZE MATCHES "memory")
        add_compile_options($<$<COMPILE_LANGUAGE:C>:-fsanitize-memory-track-origins>)
    endif()
endif()
# Counts which lines and branches run.
if(SP2_COVERAGE)
    add_compile_options($<$<COMPILE_LANGUAGE:C>:--coverage> -fprofile-update=atomic)
    add_link_options(--coverage)
endif()
# Tells libFuzzer where inputs get to.
if(SP2_BUILD_FUZZERS)
    add_compile_options($<$<COMPILE_LANGUAGE:C>:-fsanitize=fuzzer-no-link>)
endif()
