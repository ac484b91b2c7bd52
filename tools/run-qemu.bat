@echo off
rem Starts Astra in a QEMU window on Windows.
rem
rem   run-qemu.bat [IMAGE [QEMU OPTIONS]]
rem
rem IMAGE: a raw, .qcow2, .vdi or .vmdk image; without it, astra.img (or .qcow2, .vdi, .vmdk) beside
rem this file. The image is only read: what the guest writes is forgotten when the window closes.
rem The serial port's text, which is what a report needs, goes to astra-serial.txt in %TEMP%.
setlocal disabledelayedexpansion

set "QEMU="
for %%P in (qemu-system-x86_64.exe) do set "QEMU=%%~$PATH:P"
if not defined QEMU if exist "%ProgramFiles%\qemu\qemu-system-x86_64.exe" set "QEMU=%ProgramFiles%\qemu\qemu-system-x86_64.exe"
if not defined QEMU goto no_qemu

set "IMAGE=%~1"
if defined IMAGE goto have_image
for %%I in (astra.img astra.qcow2 astra.vdi astra.vmdk ..\build\astra.img) do if not defined IMAGE if exist "%~dp0%%I" set "IMAGE=%~dp0%%I"
:have_image
if not defined IMAGE goto no_image
if not exist "%IMAGE%" goto no_image

set "FORMAT=raw"
for %%I in ("%IMAGE%") do set "SUFFIX=%%~xI"
for %%F in (qcow2 vdi vmdk) do if /i "%SUFFIX%"==".%%F" set "FORMAT=%%F"
rem QEMU wants commas in a file name doubled.
set "FILE=%IMAGE:,=,,%"
set "LOG=%TEMP%\astra-serial.txt"

echo Starting "%IMAGE%"
echo The serial port's text goes to "%LOG%"
"%QEMU%" -name Astra -m 256M -rtc base=utc -snapshot -drive "file=%FILE%,format=%FORMAT%" -serial "file:%LOG%" %2 %3 %4 %5 %6 %7 %8 %9
if errorlevel 1 goto failed
exit /b 0

:no_qemu
echo QEMU was not found, neither in PATH nor in "%ProgramFiles%\qemu".
echo Install it from https://www.qemu.org/download/#windows and start this file again.
pause
exit /b 1

:no_image
echo There is no image here: put astra.img beside this file, or name one: run-qemu.bat C:\path\astra.img
pause
exit /b 1

:failed
echo QEMU ended with an error; its message stands above.
pause
exit /b 1
