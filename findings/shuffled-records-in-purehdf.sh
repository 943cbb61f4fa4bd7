#!/bin/sh
# SPDX-License-Identifier: MIT
#
# PureHDF 2.2.0 (NuGet) on .NET 10, x86-64; read with h5py 3.7.0 (Debian 12, python3-h5py 3.7.0-8)
#
# What one would expect: the shuffle filter, which orders the bytes of records so that they can be compressed well, is undone by
# every reader, so that a file with it holds the same records as one without.
#
# What happens: records of up to 16 bytes come back right. Those of 24 bytes, a time and a complex sample for example, are
# written as other bytes, without an error of the writer or of the reader.
#
# Seen:
#   16 bytes, plain:     right
#   16 bytes, shuffled:  right
#   24 bytes, plain:     right
#   24 bytes, shuffled:  64 of 64 records are wrong
set -eu
apt-get install -y -q python3-h5py=3.7.0-8 >/dev/null 2>&1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat >write.csproj <<'PROJECT'
<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup>
    <OutputType>Exe</OutputType>
    <TargetFramework>net10.0</TargetFramework>
    <ImplicitUsings>enable</ImplicitUsings>
  </PropertyGroup>
  <ItemGroup>
    <PackageReference Include="PureHDF" Version="[2.2.0]" />
  </ItemGroup>
</Project>
PROJECT
cat >write.cs <<'CSHARP'
using PureHDF;
using PureHDF.Filters;
using PureHDF.VOL.Native;

var pairs = Enumerable.Range(1, 64).Select(i => new Pair { re = i, im = -i }).ToArray();
var samples = Enumerable.Range(1, 64).Select(i => new Sample { time = i / 8.0, re = i, im = -i }).ToArray();
H5DatasetCreation shuffle = new(Filters: [new H5Filter(ShuffleFilter.Id)]);
new H5File
{
    ["16 bytes, plain"] = new H5Dataset(pairs, chunks: [64]),
    ["16 bytes, shuffled"] = new H5Dataset(pairs, chunks: [64], datasetCreation: shuffle),
    ["24 bytes, plain"] = new H5Dataset(samples, chunks: [64]),
    ["24 bytes, shuffled"] = new H5Dataset(samples, chunks: [64], datasetCreation: shuffle),
}.Write("heaps.h5");

struct Pair
{
    public double re, im;
}

struct Sample
{
    public double time, re, im;
}
CSHARP
dotnet build -v q -o out --disable-build-servers >build.log 2>&1 || { cat build.log; exit 1; }
dotnet out/write.dll
/usr/bin/python3 - <<'PYTHON' | tee seen
import h5py

with h5py.File("heaps.h5") as file:
    for name, data in file.items():
        wrong = sum(record["re"] != i or record["im"] != -i for i, record in enumerate(data[()], 1))
        print(f"{name + ':':<20}", f"{wrong} of {len(data)} records are wrong" if wrong else "right")
PYTHON
cat >expected <<'EXPECTED'
16 bytes, plain:     right
16 bytes, shuffled:  right
24 bytes, plain:     right
24 bytes, shuffled:  64 of 64 records are wrong
EXPECTED
diff expected seen
