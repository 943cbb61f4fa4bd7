// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Numerics;
using System.Runtime.InteropServices;

namespace Spead2;

/// <summary>A complex number of two 32-bit floats (NumPy's <c>c8</c>).</summary>
/// <param name="Real">Real part.</param>
/// <param name="Imaginary">Imaginary part.</param>
[StructLayout(LayoutKind.Sequential)]
public readonly record struct ComplexSingle(float Real, float Imaginary)
{
    /// <summary>The same number with 64-bit parts.</summary>
    public static implicit operator Complex(ComplexSingle value) => value.ToComplex();

    /// <summary>The same number with 64-bit parts.</summary>
    public Complex ToComplex() => new(Real, Imaginary);

    /// <summary>The number as <see cref="Complex"/> writes it.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"<{Real}; {Imaginary}>");
}
