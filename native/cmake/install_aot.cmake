# SPDX-License-Identifier: MIT
# Installs the AOT library with its packages, if it has been built. See install.cmake.
if(EXISTS ${aot_library})
    if(NOT IS_ABSOLUTE ${aot_destination})
        set(aot_destination ${CMAKE_INSTALL_PREFIX}/${aot_destination})
    endif()
    file(INSTALL ${aot_library} DESTINATION ${aot_destination} TYPE SHARED_LIBRARY)
    file(INSTALL ${generated_dir}/spead2aotConfig.cmake
        ${generated_dir}/spead2aotConfigVersion.cmake DESTINATION ${aot_destination}/cmake/spead2aot)
    file(INSTALL ${generated_dir}/spead2aot.pc DESTINATION ${aot_destination}/pkgconfig)
else()
    message(STATUS "spead2aot is left out: there is no ${aot_library} (./build.sh aot makes it)")
endif()
