#!/bin/sh
# SPDX-License-Identifier: MIT
#
# PureHDF 2.2.0 (NuGet) on .NET 10; files of h5py 3.7.0 (Debian 12, python3-h5py 3.7.0-8)
#
# What one would expect: HDF5 keeps the byte order of each number in the type, so samples that were stored as they came from the
# network ('>c8', '>f4') are read like any others, or refused.
#
# What happens: PureHDF refuses numbers in network byte order with a clear message, but only where they stand alone. As members
# of a compound, which complex samples are, they are copied as they are and come out byte-swapped: 1 + 2i is 4.6e-41 + 9e-44i,
# the counter 1 is 16777216. The same with its reading into dictionaries. A compound of both orders gives both right and wrong
# members in one record.
#
# Seen:
#   little-endian complex: 1+2i 3+4i
#   big-endian complex: 4.6006E-41+9E-44i 2.3049E-41+4.6007E-41i
#   big-endian complex, as dictionary: 4.6006E-41+9E-44i 2.3049E-41+4.6007E-41i
#   big-endian counter, little-endian gain: 16777216,2.5
#   big-endian numbers: Byte order conversion is not (yet) support by PureHDF.
set -eu
apt-get install -y -q python3-h5py=3.7.0-8 >/dev/null 2>&1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
/usr/bin/python3 - <<'PYTHON'
import h5py
import numpy as np

samples = np.array([1 + 2j, 3 + 4j])
with h5py.File("heap.h5", "w") as file:
    file["little"] = samples.astype("<c8")
    file["big"] = samples.astype(">c8")
    file["mixed"] = np.array([(1, 2.5)], [("counter", ">u4"), ("gain", "<f4")])
    file["numbers"] = np.arange(3, dtype=">f4")
PYTHON
cat >read.csproj <<'PROJECT'
<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup>
    <OutputType>Exe</OutputType>
    <TargetFramework>net10.0</TargetFramework>
    <ImplicitUsings>enable</ImplicitUsings>
    <NoWarn>CS0649</NoWarn>
  </PropertyGroup>
  <ItemGroup>
    <PackageReference Include="PureHDF" Version="[2.2.0]" />
  </ItemGroup>
</Project>
PROJECT
cat >read.cs <<'CSHARP'
using PureHDF;

System.Globalization.CultureInfo.CurrentCulture = System.Globalization.CultureInfo.InvariantCulture;
using var file = H5File.OpenRead("heap.h5");
foreach (string order in new[] { "little", "big" })
{
    var samples = file.Dataset(order).Read<Sample[]>();
    Console.WriteLine($"{order}-endian complex: {string.Join(" ", samples.Select(x => $"{x.r}+{x.i}i"))}");
}

var fields = file.Dataset("big").Read<Dictionary<string, object>[]>();
Console.WriteLine($"big-endian complex, as dictionary: {string.Join(" ", fields.Select(x => $"{x["r"]}+{x["i"]}i"))}");
Mixed mixed = file.Dataset("mixed").Read<Mixed[]>()[0];
Console.WriteLine($"big-endian counter, little-endian gain: {mixed.counter},{mixed.gain}");
try
{
    Console.WriteLine($"big-endian numbers: {string.Join(" ", file.Dataset("numbers").Read<float[]>())}");
}
catch (Exception error)
{
    Console.WriteLine($"big-endian numbers: {error.Message}");
}

struct Sample
{
    public float r, i;
}

struct Mixed
{
    public uint counter;
    public float gain;
}
CSHARP
dotnet build -v q -o out --disable-build-servers >build.log 2>&1 || { cat build.log; exit 1; }
dotnet out/read.dll | tee seen
cat >expected <<'EXPECTED'
little-endian complex: 1+2i 3+4i
big-endian complex: 4.6006E-41+9E-44i 2.3049E-41+4.6007E-41i
big-endian complex, as dictionary: 4.6006E-41+9E-44i 2.3049E-41+4.6007E-41i
big-endian counter, little-endian gain: 16777216,2.5
big-endian numbers: Byte order conversion is not (yet) support by PureHDF.
EXPECTED
diff expected seen
