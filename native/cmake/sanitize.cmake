# SPDX-License-Identifier: MIT
# Builds everything with the sanitizers named in SP2_SANITIZE. What they find ends the program.
if(SP2_SANITIZE)
    add_compile_options(-fsanitize=${SP2_SANITIZE} -fno-sanitize-recover=all
        -fno-omit-frame-pointer -g)
    add_link_options(-fsanitize=${SP2_SANITIZE})
endif()
