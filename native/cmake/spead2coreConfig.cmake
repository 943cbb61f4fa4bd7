# SPDX-License-Identifier: MIT
# spead2::core, and spead2::core_static where it was built, which needs the threads of the system.
include(CMakeFindDependencyMacro)
if(NOT WIN32)
    find_dependency(Threads)
endif()
include(${CMAKE_CURRENT_LIST_DIR}/spead2coreTargets.cmake)
