; The installer for Windows, for one user and without administrator's rights.
;
;   makensis -DVERSION=0.1.0 -DSOURCE=..\..\build\frozen\inglenook -DOUTPUT=..\..\dist\inglenook-setup.exe inglenook.nsi
;
; SOURCE is the folder that PyInstaller made. Conversations are in %LOCALAPPDATA%\Inglenook and stay when it is removed;
; the application itself is in %LOCALAPPDATA%\Programs\Inglenook.
Unicode true
!include "MUI2.nsh"
!include "FileFunc.nsh"

!ifndef VERSION
  !error "VERSION is missing"
!endif
!ifndef SOURCE
  !error "SOURCE is missing"
!endif
!ifndef OUTPUT
  !define OUTPUT "inglenook-setup.exe"
!endif
!define NAME "Inglenook"
!define UNINSTALL "Software\Microsoft\Windows\CurrentVersion\Uninstall\${NAME}"
!define MODEL_CLASS "Inglenook.Model"

Name "${NAME}"
OutFile "${OUTPUT}"
RequestExecutionLevel user
InstallDir "$LOCALAPPDATA\Programs\${NAME}"
InstallDirRegKey HKCU "Software\${NAME}" "Folder"
SetCompressor /SOLID lzma
; Without this, files carry the time of the build, and two builds differ.
SetDateSave off

!insertmacro MUI_PAGE_LICENSE "..\..\LICENSE"
!insertmacro MUI_PAGE_DIRECTORY
!insertmacro MUI_PAGE_INSTFILES
!define MUI_FINISHPAGE_RUN "$INSTDIR\Inglenook.exe"
!insertmacro MUI_PAGE_FINISH
!insertmacro MUI_UNPAGE_CONFIRM
!insertmacro MUI_UNPAGE_INSTFILES
!insertmacro MUI_LANGUAGE "English"
!insertmacro MUI_LANGUAGE "French"

VIProductVersion "${VERSION}.0"
VIAddVersionKey "ProductName" "${NAME}"
VIAddVersionKey "FileDescription" "${NAME}"
VIAddVersionKey "FileVersion" "${VERSION}"
VIAddVersionKey "LegalCopyright" "Apache License 2.0"

Section
  SetOutPath "$INSTDIR"
  ; Only what an earlier version put there; never a folder that the user chose by mistake.
  RMDir /r "$INSTDIR\_internal"
  File /r "${SOURCE}\*"
  WriteUninstaller "$INSTDIR\uninstall.exe"
  CreateShortcut "$SMPROGRAMS\${NAME}.lnk" "$INSTDIR\Inglenook.exe"
  WriteRegStr HKCU "Software\${NAME}" "Folder" "$INSTDIR"

  WriteRegStr HKCU "Software\Classes\${MODEL_CLASS}" "" "Language model"
  WriteRegStr HKCU "Software\Classes\${MODEL_CLASS}\shell\open\command" "" '"$INSTDIR\Inglenook.exe" --open "%1"'
  WriteRegStr HKCU "Software\Classes\.gguf\OpenWithProgids" "${MODEL_CLASS}" ""

  WriteRegStr HKCU "${UNINSTALL}" "DisplayName" "${NAME}"
  WriteRegStr HKCU "${UNINSTALL}" "DisplayVersion" "${VERSION}"
  WriteRegStr HKCU "${UNINSTALL}" "DisplayIcon" "$INSTDIR\Inglenook.exe"
  WriteRegStr HKCU "${UNINSTALL}" "Publisher" "The Inglenook developers"
  WriteRegStr HKCU "${UNINSTALL}" "UninstallString" '"$INSTDIR\uninstall.exe"'
  WriteRegDWORD HKCU "${UNINSTALL}" "NoModify" 1
  WriteRegDWORD HKCU "${UNINSTALL}" "NoRepair" 1
  ${GetSize} "$INSTDIR" "/S=0K" $0 $1 $2
  WriteRegDWORD HKCU "${UNINSTALL}" "EstimatedSize" $0
SectionEnd

Section "Uninstall"
  Delete "$SMPROGRAMS\${NAME}.lnk"
  RMDir /r "$INSTDIR\_internal"
  RMDir /r "$INSTDIR\licences"
  Delete "$INSTDIR\Inglenook.exe"
  Delete "$INSTDIR\inglenook-cli.exe"
  Delete "$INSTDIR\sbom.cdx.json"
  Delete "$INSTDIR\uninstall.exe"
  RMDir "$INSTDIR"
  DeleteRegKey HKCU "Software\Classes\${MODEL_CLASS}"
  DeleteRegValue HKCU "Software\Classes\.gguf\OpenWithProgids" "${MODEL_CLASS}"
  DeleteRegKey HKCU "${UNINSTALL}"
  DeleteRegKey HKCU "Software\${NAME}"
SectionEnd
