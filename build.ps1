# Runs a target of build.cake: ./build.ps1 TARGET [ARGUMENT...]. Without a target it lists them all.
param([string] $Target = "help", [Parameter(ValueFromRemainingArguments)] [string[]] $Arguments)

$ErrorActionPreference = "Stop"
Set-Location $PSScriptRoot
$env:DOTNET_CLI_TELEMETRY_OPTOUT = "1"
$env:DOTNET_NOLOGO = "1"

$ForCake = @(
    if ($Target -in "-h", "--help", "help") { "--showdescription" } else { "--target=$Target" }
    if ($Arguments) { "--arguments=" + ($Arguments -join "`n") }
)
dotnet tool restore --verbosity quiet
if ($LASTEXITCODE -eq 0) { dotnet cake @ForCake }
exit $LASTEXITCODE
