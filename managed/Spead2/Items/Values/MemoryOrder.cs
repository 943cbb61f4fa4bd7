// SPDX-License-Identifier: MIT

namespace Spead2.Items.Values;

/// <summary>Elements of arrays whose first dimension is the fastest, and the same with the last one.</summary>
internal static class MemoryOrder
{
    /// <summary>Elements in the other order.</summary>
    /// <param name="elements">Elements; if there is more than one dimension they are copied.</param>
    /// <param name="dimensions">Dimensions.</param>
    /// <param name="toFortran">Whether the first dimension shall be the fastest; else it is.</param>
    public static Array Change(Array elements, ReadOnlySpan<long> dimensions, bool toFortran)
    {
        if (dimensions.Length < 2)
        {
            return elements;
        }

        Array result = (Array)elements.Clone();
        Span<int> index = stackalloc int[dimensions.Length];
        int fortran = 0;
        for (int c = 0; c < elements.Length; c++)
        {
            Array.Copy(elements, toFortran ? c : fortran, result, toFortran ? fortran : c, 1);
            fortran = Advance(index, dimensions, fortran);
        }

        return result;
    }

    // To the next index in row-major order; returns its position in the other order.
    private static int Advance(Span<int> index, ReadOnlySpan<long> dimensions, int position)
    {
        int stride = 1;
        for (int i = 0; i < dimensions.Length - 1; i++)
        {
            stride *= (int)dimensions[i];
        }

        for (int i = dimensions.Length - 1; i >= 0; i--)
        {
            position += stride;
            if (++index[i] < dimensions[i])
            {
                break;
            }

            position -= stride * (int)dimensions[i];
            index[i] = 0;
            stride /= i > 0 ? (int)dimensions[i - 1] : 1;
        }

        return position;
    }
}
