@rem Sets up Microsoft's compiler for x64 in this command prompt.
@set "installer=%ProgramFiles(x86)%\Microsoft Visual Studio\Installer"
@for /f "usebackq delims=" %%i in (`"%installer%\vswhere.exe" -latest -property installationPath`) do @call "%%i\VC\Auxiliary\Build\vcvars64.bat"
