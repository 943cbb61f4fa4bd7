# SPDX-License-Identifier: MIT
# What `cmake --install` puts in place: headers, the core, the AOT library if it has been built, for
# each of them a CMake package and a pkg-config file that find everything from their own place, the
# licence and what users read. The folders are those of GNUInstallDirs.
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake)
set(generated_dir ${PROJECT_BINARY_DIR}/packages)

# The version file and the pkg-config file of a library.
function(sp2_package_files name pkg_config_flags pkg_config_private)
    write_basic_package_version_file(${generated_dir}/${name}ConfigVersion.cmake
        COMPATIBILITY SameMinorVersion)
    file(RELATIVE_PATH pkg_config_prefix
        ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
    string(REGEX REPLACE "/$" "" pkg_config_prefix ${pkg_config_prefix})
    configure_file(${PROJECT_SOURCE_DIR}/native/cmake/library.pc.in ${generated_dir}/${name}.pc @ONLY)
endfunction()

set_target_properties(spead2core PROPERTIES EXPORT_NAME core)
if(WIN32)
    sp2_package_files(spead2core "" "-lws2_32 -lsynchronization")
else()
    sp2_package_files(spead2core "" -pthread)
endif()
install(DIRECTORY include/spead2core DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
set(core_targets spead2core)
if(SP2_BUILD_STATIC)
    set_target_properties(spead2core_static PROPERTIES EXPORT_NAME core_static)
    list(APPEND core_targets spead2core_static)
endif()
install(TARGETS ${core_targets} EXPORT spead2core
    LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
    RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(EXPORT spead2core FILE spead2coreTargets.cmake NAMESPACE spead2::
    DESTINATION ${package_dir}/spead2core)
install(FILES ${PROJECT_SOURCE_DIR}/native/cmake/spead2coreConfig.cmake
    ${generated_dir}/spead2coreConfigVersion.cmake DESTINATION ${package_dir}/spead2core)
install(FILES ${generated_dir}/spead2core.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

install(FILES ${PROJECT_SOURCE_DIR}/LICENSE ${PROJECT_SOURCE_DIR}/CHANGELOG.md
    ${PROJECT_SOURCE_DIR}/SECURITY.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
foreach(page abi aot c-api items memory tuning)
    install(FILES ${PROJECT_SOURCE_DIR}/docs/${page}.md DESTINATION ${CMAKE_INSTALL_DOCDIR}/docs)
endforeach()

# The AOT library is not made by CMake, and perhaps after this was configured: whether it is there
# is looked at when something is installed.
set(aot_library "${SP2_AOT_LIBRARY}")
if(NOT aot_library AND SP2_HAS_GLIBC AND CMAKE_SYSTEM_PROCESSOR STREQUAL "x86_64" AND
        NOT CMAKE_TOOLCHAIN_FILE)
    set(aot_library ${PROJECT_SOURCE_DIR}/build/aot/lib/libspead2aot.so)
endif()
if(aot_library)
    sp2_package_files(spead2aot "-DSP2_HAS_ITEMS" "")
    configure_package_config_file(${PROJECT_SOURCE_DIR}/native/cmake/spead2aotConfig.cmake.in
        ${generated_dir}/spead2aotConfig.cmake
        INSTALL_DESTINATION ${package_dir}/spead2aot
        PATH_VARS CMAKE_INSTALL_LIBDIR CMAKE_INSTALL_INCLUDEDIR)
    install(CODE "set(aot_library [[${aot_library}]])
        set(generated_dir [[${generated_dir}]])
        set(aot_destination [[${CMAKE_INSTALL_LIBDIR}]])")
    install(SCRIPT ${PROJECT_SOURCE_DIR}/native/cmake/install_aot.cmake)
endif()
