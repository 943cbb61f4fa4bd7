# SPDX-License-Identifier: MIT
# What `cmake --install` puts in place: headers, the core, the AOT library if it has been built, and
# for each of them a CMake package and a pkg-config file that find everything from their own place.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake)
set(generated_dir ${PROJECT_BINARY_DIR}/packages)

# The version file and the pkg-config file of a library.
function(sp2_package_files name pkg_config_flags)
    write_basic_package_version_file(${generated_dir}/${name}ConfigVersion.cmake
        COMPATIBILITY SameMinorVersion)
    file(RELATIVE_PATH pkg_config_prefix
        ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
    string(REGEX REPLACE "/$" "" pkg_config_prefix ${pkg_config_prefix})
    configure_file(${PROJECT_SOURCE_DIR}/native/cmake/library.pc.in ${generated_dir}/${name}.pc @ONLY)
endfunction()

set_target_properties(spead2core PROPERTIES EXPORT_NAME core)
sp2_package_files(spead2core "")
install(DIRECTORY include/spead2core DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(TARGETS spead2core EXPORT spead2core
    LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
    RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(EXPORT spead2core FILE spead2coreConfig.cmake NAMESPACE spead2::
    DESTINATION ${package_dir}/spead2core)
install(FILES ${generated_dir}/spead2coreConfigVersion.cmake DESTINATION ${package_dir}/spead2core)
install(FILES ${generated_dir}/spead2core.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

# The AOT library is not made by CMake, and perhaps after this was configured: whether it is there
# is looked at when something is installed.
set(aot_library "${SP2_AOT_LIBRARY}")
if(NOT aot_library AND SP2_HAS_GLIBC AND CMAKE_SYSTEM_PROCESSOR STREQUAL "x86_64" AND
        NOT CMAKE_TOOLCHAIN_FILE)
    set(aot_library ${PROJECT_SOURCE_DIR}/build/aot/lib/libspead2aot.so)
endif()
if(aot_library)
    sp2_package_files(spead2aot "-DSP2_HAS_ITEMS")
    configure_package_config_file(${PROJECT_SOURCE_DIR}/native/cmake/spead2aotConfig.cmake.in
        ${generated_dir}/spead2aotConfig.cmake
        INSTALL_DESTINATION ${package_dir}/spead2aot
        PATH_VARS CMAKE_INSTALL_LIBDIR CMAKE_INSTALL_INCLUDEDIR)
    install(CODE "set(aot_library [[${aot_library}]])
        set(generated_dir [[${generated_dir}]])
        set(aot_destination [[${CMAKE_INSTALL_LIBDIR}]])")
    install(SCRIPT ${PROJECT_SOURCE_DIR}/native/cmake/install_aot.cmake)
endif()
