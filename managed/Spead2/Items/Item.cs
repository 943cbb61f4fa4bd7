// SPDX-License-Identifier: MIT

using System.Buffers.Binary;
using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using Spead2.Items.Descriptors;
using Spead2.Items.Values;
using Spead2.Receive;

namespace Spead2;

/// <summary>
/// An item of an <see cref="ItemGroup"/>: its descriptor, and the value that the last heap with it brought
/// (spead2: what <c>spead2.ItemGroup.update()</c> updates). Values are read when they are asked for, where
/// they are in the heap's memory if their bytes allow it.
/// </summary>
/// <remarks>
/// <para>
/// Lifetime: an item keeps the memory of the heap that its value is in until it is updated again, removed from its
/// group, or the group is disposed. So a heap may be disposed right after the update, and its memory goes back when
/// the last item with a value in it has let go. After that a value that was kept (<see cref="Value"/>) throws
/// <see cref="ObjectDisposedException"/>, and so does every access to an item that is in no group any more. Spans and
/// tensors are not guarded: use them before the next update, and keep the group referenced meanwhile.
/// <see cref="ToArray{T}(ByteOrder)"/> makes copies that last. A group that is dropped without being disposed gives
/// the memory back when the garbage collector finds it.
/// </para>
/// <para>Threads: one at a time, together with the group.</para>
/// </remarks>
[DebuggerDisplay("{DebugText,nq}")]
public sealed class Item
{
    // Of arrays and fields, wherever the garbage collector moves them.
    private const int ObjectAlignment = 8;

    private ValueSource _source;
    private Heap? _heap;
    private byte[] _owned = [];
    private ulong _immediate;
    private int _offset;
    private MeasuredValue _measured;
    private ItemShape? _shape;
    private string? _fault;

    // The value converted to, or aligned as, what a span of it was asked for last. Never without an array: tensors
    // take no memory that is nowhere.
    private Memory<byte> _converted = Array.Empty<byte>();
    private int _convertedAlignment = ObjectAlignment;
    private long _convertedVersion;
    private Type? _convertedType;
    private bool _convertedBigEndian;

    internal Item(ItemDescriptor descriptor, long version)
    {
        Descriptor = descriptor;
        Version = version;
    }

    /// <summary>What is known of the item beside its value.</summary>
    public ItemDescriptor Descriptor { get; }

    /// <summary>Identifier.</summary>
    public long Id => Descriptor.Id;

    /// <summary>Name.</summary>
    public string Name => Descriptor.Name;

    /// <summary>What the item is.</summary>
    public string Description => Descriptor.Description;

    /// <summary>Type of the elements.</summary>
    public ItemType Type => Descriptor.Type;

    /// <summary>Shape of the value; without a value that of the descriptor.</summary>
    public ItemShape Shape => !Descriptor.Shape.IsVariable || !HasValue
        ? Descriptor.Shape
        : _shape ??= Descriptor.Shape.Resolve(_measured.VariableLength);

    /// <summary>Number of elements of the value; 0 without one.</summary>
    public int Count => HasValue ? _measured.Count : 0;

    /// <summary>
    /// Number that rises whenever the item gets a value. An item that takes the place of another one begins above that
    /// one's.
    /// </summary>
    public long Version { get; private set; }

    /// <summary>Whether the item has a value that can be interpreted.</summary>
    public bool HasValue => HasRawBytes && Fault is null;

    /// <summary>
    /// Whether <see cref="RawBytes"/> can be read: there is a value, whether it can be interpreted or not.
    /// </summary>
    public bool HasRawBytes => _source is not (ValueSource.None or ValueSource.Released);

    /// <summary>
    /// Why there is nothing but <see cref="RawBytes"/>: the type is unknown (<see cref="ItemType.Fault"/>), or the last
    /// value does not fit it. Null if all is well.
    /// </summary>
    public string? Fault => _fault ?? Type.Fault;

    /// <summary>The value; that of an item without one, or with one that cannot be interpreted, is empty.</summary>
    /// <exception cref="ObjectDisposedException">The item is in no group any more.</exception>
    public ItemValue Value
    {
        get
        {
            ThrowIfReleased();
            return HasValue ? new(this) : default;
        }
    }

    /// <summary>
    /// The bytes of the value, as they were sent and without those that surround it; of a value that cannot be
    /// interpreted all that were sent. Not copied.
    /// </summary>
    /// <exception cref="InvalidOperationException">The item has no value.</exception>
    /// <exception cref="ObjectDisposedException">The item is in no group any more.</exception>
    public ReadOnlySpan<byte> RawBytes => _source switch
    {
        ValueSource.Heap => _heap!.HeldBytes(_offset, _measured.ByteCount),
        ValueSource.Immediate => MemoryMarshal.AsBytes(new ReadOnlySpan<ulong>(in _immediate))[^_measured.ByteCount..],
        ValueSource.Owned => _owned,
        _ => throw NoValue(),
    };

    /// <summary>
    /// How a text was sent (<see cref="ItemDescriptor.IsText"/>); ASCII for what is none, and without a value.
    /// </summary>
    /// <exception cref="ObjectDisposedException">The item is in no group any more.</exception>
    public TextEncoding TextEncoding
    {
        get
        {
            ThrowIfReleased();
            if (!Descriptor.IsText || !HasValue)
            {
                return TextEncoding.Ascii;
            }

            TextEncoding encoding = SentText.EncodingOf(RawBytes);
            GC.KeepAlive(this);
            return encoding;
        }
    }

    /// <summary>Position of the item in the update that is being planned.</summary>
    internal int PlannedAt { get; set; } = -1;

    /// <summary>Whether the value is in the memory of a heap, which does not move while the value stays.</summary>
    internal bool IsInHeap => _source == ValueSource.Heap;

    /// <summary>
    /// The elements in the order in which they are in memory: for Fortran order the first dimension is the fastest.
    /// They are not copied if the heap has them as they are wanted and where they are wanted.
    /// </summary>
    /// <typeparam name="T">
    /// The type's <see cref="ItemType.NativeType"/>; for records a struct with the same layout; for NumPy's S and V
    /// <see cref="byte"/>; for times also <see cref="DateTime"/> or <see cref="TimeSpan"/>.
    /// </typeparam>
    /// <param name="order">Byte order that is wanted.</param>
    /// <param name="alignment">
    /// A power of two that the address of the first element shall be a multiple of, for programs that need it: code for
    /// vectors, or in other languages. Where the sender has put the value at another address it is copied, once. Payload
    /// begins at a multiple of 64, and a sender can align values in it (<see cref="Send.HeapGenerator"/>).
    /// </param>
    /// <returns>Valid until the item is updated again, removed, or its group disposed.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The alignment is no power of two.</exception>
    /// <exception cref="InvalidCastException">The elements are something else.</exception>
    /// <exception cref="OverflowException">A time is not exactly one of .NET.</exception>
    /// <exception cref="InvalidOperationException">The item has no value.</exception>
    /// <exception cref="ObjectDisposedException">The item is in no group any more.</exception>
    public ReadOnlySpan<T> AsSpan<[DynamicallyAccessedMembers(StructLeaves.Members)] T>(
        ByteOrder order = ByteOrder.Native, int alignment = 1)
        where T : unmanaged
    {
        if (!BitOperations.IsPow2(alignment))
        {
            throw new ArgumentOutOfRangeException(nameof(alignment), alignment, "An alignment must be a power of two.");
        }

        ReadOnlySpan<byte> bytes = ValueBytes;
        bool bigEndian = IsBigEndian(order);
        bool isInPlace = IsInPlace<T>(bytes, bigEndian);
        if (isInPlace && IsAligned(bytes, alignment))
        {
            return MemoryMarshal.Cast<byte, T>(bytes);
        }

        int size = isInPlace ? bytes.Length : _measured.Count * Unsafe.SizeOf<T>();
        if (_convertedVersion != Version
            || _convertedType != typeof(T)
            || _convertedBigEndian != bigEndian
            || alignment > _convertedAlignment)
        {
            // Another span of this value may be in use; one of an earlier value may not.
            if (_convertedVersion == Version || _converted.Length < size || alignment > _convertedAlignment)
            {
                _converted = NewBuffer(size, alignment);
                _convertedAlignment = Math.Max(alignment, ObjectAlignment);
            }

            Span<byte> converted = _converted.Span[..size];
            if (isInPlace)
            {
                bytes.CopyTo(converted);
            }
            else
            {
                Convert<T>(bytes, MemoryMarshal.Cast<byte, T>(converted), bigEndian);
            }

            _convertedVersion = Version;
            _convertedType = typeof(T);
            _convertedBigEndian = bigEndian;
        }

        return MemoryMarshal.Cast<byte, T>(_converted.Span[..size]);
    }

    /// <summary>
    /// The value as a tensor of its shape; a scalar as one of shape (1,). Strides follow the order in memory.
    /// </summary>
    /// <inheritdoc cref="AsSpan{T}(ByteOrder, int)"/>
    public ReadOnlyTensorSpan<T> AsTensor<[DynamicallyAccessedMembers(StructLeaves.Members)] T>(
        ByteOrder order = ByteOrder.Native, int alignment = 1)
        where T : unmanaged
    {
        ReadOnlySpan<T> elements = AsSpan<T>(order, alignment);
        ItemShape shape = Shape;
        if (elements.Length != Count)
        {
            throw WrongType<T>();
        }

        if (shape.Rank == 0)
        {
            return new(elements, [1]);
        }

        Span<nint> lengths = stackalloc nint[shape.Rank];
        Span<nint> strides = stackalloc nint[shape.Rank];
        nint stride = 1;
        for (int i = 0; i < shape.Rank; i++)
        {
            int dimension = Descriptor.IsFortranOrder ? i : shape.Rank - 1 - i;
            lengths[dimension] = (nint)shape[dimension];

            // Tensors want it so where there is nowhere to go.
            strides[dimension] = shape[dimension] == 1 ? 0 : stride;
            stride *= (nint)shape[dimension];
        }

        return elements.IsEmpty ? new(elements, lengths) : new(elements, lengths, strides);
    }

    /// <summary>A copy of the elements in row-major order: the last dimension is the fastest.</summary>
    /// <inheritdoc cref="AsSpan{T}(ByteOrder, int)"/>
    /// <returns>An array that is the caller's.</returns>
    public T[] ToArray<[DynamicallyAccessedMembers(StructLeaves.Members)] T>(ByteOrder order = ByteOrder.Native)
        where T : unmanaged
    {
        ReadOnlySpan<byte> bytes = ValueBytes;
        bool bigEndian = IsBigEndian(order);
        T[] elements;
        if (IsInPlace<T>(bytes, bigEndian))
        {
            elements = MemoryMarshal.Cast<byte, T>(bytes).ToArray();
        }
        else
        {
            elements = new T[_measured.Count];
            Convert<T>(bytes, elements, bigEndian);
        }

        GC.KeepAlive(this);
        return elements.Length == _measured.Count ? (T[])ToRowMajor(elements) : elements;
    }

    /// <summary>A copy of one field of all records, in row-major order.</summary>
    /// <typeparam name="T">The field's <see cref="ItemType.NativeType"/>.</typeparam>
    /// <param name="field">Name of a field; it may not be an array itself.</param>
    /// <returns>An array that is the caller's.</returns>
    /// <exception cref="InvalidCastException">The field is something else.</exception>
    /// <exception cref="KeyNotFoundException">There is no such field.</exception>
    /// <exception cref="InvalidOperationException">The item has no value.</exception>
    /// <exception cref="ObjectDisposedException">The item is in no group any more.</exception>
    public T[] ToArray<T>(string field)
        where T : unmanaged
    {
        int index = Type.IndexOf(field);
        if (index < 0)
        {
            throw new KeyNotFoundException($"Item 0x{Id:x} '{Name}' has no field '{field}'; it is {Type}.");
        }

        ItemField found = Type.Fields[index];
        ReadOnlySpan<byte> bytes = ValueBytes;
        if (found.Type.NativeType != typeof(T) || found.Type.NativeSize == 0 || found.Shape.Rank != 0)
        {
            throw new InvalidCastException(
                $"Field '{field}' of item 0x{Id:x} '{Name}' is {found.Type} {found.Shape}, which cannot be read as "
                + $"{typeof(T).Name}[].");
        }

        T[] elements = new T[_measured.Count];
        ElementReader.Read(
            found.Type,
            bytes,
            found.BitOffset,
            Type.BitWidth,
            MemoryMarshal.AsBytes(elements.AsSpan()),
            bigEndian: !BitConverter.IsLittleEndian);
        GC.KeepAlive(this);
        return (T[])ToRowMajor(elements);
    }

    /// <summary>The value of a scalar, or of an array with one element.</summary>
    /// <inheritdoc cref="AsSpan{T}(ByteOrder, int)"/>
    /// <exception cref="InvalidCastException">The element is something else, or there is not one.</exception>
    [SuppressMessage("Style", "IDE0022", Justification = "One statement would hide the check.")]
    public T ToScalar<[DynamicallyAccessedMembers(StructLeaves.Members)] T>()
        where T : unmanaged
    {
        ReadOnlySpan<byte> bytes = ValueBytes;
        ThrowUnlessOne();
        bool bigEndian = IsBigEndian(ByteOrder.Native);
        T value = default;
        if (IsInPlace<T>(bytes, bigEndian) && bytes.Length == Unsafe.SizeOf<T>())
        {
            value = MemoryMarshal.Read<T>(bytes);
        }
        else
        {
            Convert(bytes, new Span<T>(ref value), bigEndian);
        }

        GC.KeepAlive(this);
        return value;
    }

    /// <summary>A scalar number, whatever its type, converted.</summary>
    /// <typeparam name="T">
    /// A number that can hold the value: for integers of any width <see cref="BigInteger"/>.
    /// </typeparam>
    /// <exception cref="InvalidCastException">The value is not one number.</exception>
    /// <exception cref="OverflowException">The value does not fit.</exception>
    /// <exception cref="InvalidOperationException">The item has no value.</exception>
    /// <exception cref="ObjectDisposedException">The item is in no group any more.</exception>
    public T ToNumber<T>()
        where T : INumberBase<T>
    {
        ReadOnlySpan<byte> bytes = ValueBytes;
        ThrowUnlessOne();
        object value = Type.IsTime ? ToScalar<long>() : ElementReader.ReadOne(Type, bytes, firstBit: 0);
        GC.KeepAlive(this);
        return value switch
        {
            byte number => T.CreateChecked(number),
            sbyte number => T.CreateChecked(number),
            ushort number => T.CreateChecked(number),
            short number => T.CreateChecked(number),
            uint number => T.CreateChecked(number),
            int number => T.CreateChecked(number),
            ulong number => T.CreateChecked(number),
            long number => T.CreateChecked(number),
            BigInteger number => T.CreateChecked(number),
            Half number => T.CreateChecked(number),
            float number => T.CreateChecked(number),
            double number => T.CreateChecked(number),
            ComplexSingle number => T.CreateChecked(number.ToComplex()),
            Complex number => T.CreateChecked(number),
            _ => throw WrongType<T>(),
        };
    }

    /// <summary>
    /// A text: a vector of characters (format <c>c8</c>), or a scalar of NumPy's S (of which each byte becomes one
    /// character, as in Latin-1) or U, without the NULs at the end.
    /// </summary>
    /// <exception cref="InvalidCastException">The value is no text.</exception>
    /// <exception cref="InvalidOperationException">The item has no value.</exception>
    /// <exception cref="ObjectDisposedException">The item is in no group any more.</exception>
    public string ToText()
    {
        ThrowIfNoValue();
        return ReadObject() switch
        {
            string text => text,
            byte[] bytes when Type.Kind == ItemKind.Bytes && Shape.Rank == 0 => Encoding.Latin1.GetString(bytes),
            _ => throw WrongType<string>(),
        };
    }

    /// <summary>A copy of the record of a scalar.</summary>
    /// <exception cref="InvalidCastException">The value is not one record.</exception>
    /// <exception cref="InvalidOperationException">The item has no value.</exception>
    /// <exception cref="ObjectDisposedException">The item is in no group any more.</exception>
    public ItemRecord ToRecord()
    {
        ThrowIfNoValue();
        ThrowUnlessOne();
        return ToRecords()[0];
    }

    /// <summary>Copies of the records, in row-major order.</summary>
    /// <exception cref="InvalidCastException">The elements are not records.</exception>
    /// <exception cref="InvalidOperationException">The item has no value.</exception>
    /// <exception cref="ObjectDisposedException">The item is in no group any more.</exception>
    public ItemRecord[] ToRecords()
    {
        ThrowIfNoValue();
        return Type.Kind == ItemKind.Record ? (ItemRecord[])ReadElements() : throw WrongType<ItemRecord>();
    }

    /// <summary>Gives the item a value that is to be sent.</summary>
    /// <param name="value">
    /// As <see cref="ItemValue.ToObject"/> gives it: a number (of any type that fits), a boolean, a character, a
    /// text, a byte array, a record (also as an array of its fields' values); for an array of any rank its elements
    /// in row-major order. It is copied. A text that is not ASCII becomes UTF-8, or Latin-1 where only that fits the
    /// shape.
    /// </param>
    /// <exception cref="ArgumentException">The value does not fit the descriptor.</exception>
    /// <exception cref="InvalidOperationException">The type is unknown.</exception>
    /// <exception cref="ObjectDisposedException">The item is in no group any more.</exception>
    public void SetValue(object value)
    {
        ArgumentNullException.ThrowIfNull(value);
        ThrowIfReleased();
        ThrowIfUnknown();
        SetOwned(ValueWriter.Write(Descriptor, value, out MeasuredValue measured), measured);
    }

    /// <summary>
    /// Gives the item a value that is to be sent, from elements as <see cref="AsSpan{T}"/> gives them.
    /// </summary>
    /// <typeparam name="T">
    /// The type's <see cref="ItemType.NativeType"/>, or for records a struct with the same layout.
    /// </typeparam>
    /// <param name="elements">The elements, in native byte order, in the order in which they are sent. Copied.</param>
    /// <exception cref="InvalidCastException">The elements are of another type.</exception>
    /// <exception cref="ArgumentException">
    /// Their number does not fit the shape, or one does not fit its bits.
    /// </exception>
    /// <exception cref="InvalidOperationException">The type is unknown.</exception>
    /// <exception cref="ObjectDisposedException">The item is in no group any more.</exception>
    public void SetElements<[DynamicallyAccessedMembers(StructLeaves.Members)] T>(ReadOnlySpan<T> elements)
        where T : unmanaged
    {
        ThrowIfReleased();
        ThrowIfUnknown();
        MeasuredValue measured = ValueWriter.Measure(Descriptor, elements.Length);
        byte[] bytes = new byte[measured.ByteCount];
        if (Type.NativeSize != 0 && Type.NativeType == typeof(T))
        {
            ElementWriter.WriteSpan(Type, MemoryMarshal.AsBytes(elements), bytes);
        }
        else if (Type.Kind == ItemKind.Record && Type.LayoutOf<T>() is { Fault: null } layout)
        {
            MemoryMarshal.AsBytes(elements).CopyTo(bytes);
            layout.Convert(bytes);
        }
        else
        {
            throw WrongType<T>();
        }

        SetOwned(bytes, measured);
    }

    // Without the value, which may be large, or gone at this moment.
    private string DebugText => HasRawBytes && Fault is not null ? $"{Name}: {Fault}" : $"{Name} {Shape} {Type}";

    /// <summary>Name, shape and value.</summary>
    public override string ToString() =>
        HasValue ? $"{Name} {Shape} = {Value}"
        : HasRawBytes ? $"{Name}: {Fault}"
        : $"{Name} {Shape}";

    /// <summary>Takes a value from a heap that is held by the caller; never fails then.</summary>
    internal void SetFromHeap(Heap heap, int offset, in MeasuredValue measured, string? fault)
    {
        Heap? before = _heap;
        if (!ReferenceEquals(before, heap))
        {
            heap.HoldAgain();
            _heap = heap;
            before?.Unhold();
        }

        _offset = offset;
        Set(ValueSource.Heap, measured, Version + 2, fault);
    }

    /// <summary>Takes the value of an immediate.</summary>
    internal void SetImmediate(ulong value, in MeasuredValue measured, string? fault)
    {
        LetGo();
        _immediate = BigEndian(value);
        Set(ValueSource.Immediate, measured, Version + 2, fault);
    }

    /// <summary>Takes a value as it would be sent.</summary>
    /// <param name="bytes">As many bytes as the descriptor says. They are the item's from now on.</param>
    internal void SetBytes(byte[] bytes)
    {
        ThrowIfReleased();
        SetOwned(
            bytes,
            MeasuredValue.TryMeasure(Descriptor, bytes.Length, out MeasuredValue measured, out string? fault)
                ? measured
                : throw new ArgumentException(fault, nameof(bytes)));
    }

    /// <summary>Lets go of the value forever.</summary>
    internal void Release()
    {
        LetGo();
        _converted = Array.Empty<byte>();
        _convertedAlignment = ObjectAlignment;
        Set(ValueSource.Released, default, Version + 1);
    }

    /// <summary>The bytes of an immediate as they are sent.</summary>
    internal static ulong BigEndian(ulong value) =>
        BitConverter.IsLittleEndian ? BinaryPrimitives.ReverseEndianness(value) : value;

    /// <summary>The value as an object (<see cref="ItemValue.ToObject"/>).</summary>
    internal object ReadObject()
    {
        if (Descriptor.IsText)
        {
            string text = SentText.Read(ValueBytes);
            GC.KeepAlive(this);
            return text;
        }

        Array elements = ReadElements();
        return Shape.Rank == 0 ? elements.GetValue(0)! : elements;
    }

    /// <summary>The value in words (<see cref="ItemValue.ToString"/>).</summary>
    internal string ReadDisplayText()
    {
        string text = Descriptor.IsText
            ? SentText.Read(ValueBytes)
            : ValueText.Of(Descriptor, Shape.Dimensions, ValueBytes);
        GC.KeepAlive(this);
        return text;
    }

    /// <summary>The bytes of the value to be sent: memory that stays as it is.</summary>
    internal ReadOnlyMemory<byte> BytesToSend()
    {
        if (_source == ValueSource.Owned)
        {
            return _owned;
        }

        byte[] bytes = RawBytes.ToArray();
        GC.KeepAlive(this);
        return bytes;
    }

    private static bool IsBigEndian(ByteOrder order, ItemType type) => order switch
    {
        ByteOrder.Native => !BitConverter.IsLittleEndian,
        ByteOrder.AsSent => !type.IsLittleEndian,
        ByteOrder.BigEndian => true,
        ByteOrder.LittleEndian => false,
        _ => throw new ArgumentOutOfRangeException(nameof(order), order, "There is no such byte order."),
    };

    private bool IsBigEndian(ByteOrder order) => IsBigEndian(order, Type);

    // The bytes of a value that can be interpreted.
    private ReadOnlySpan<byte> ValueBytes
    {
        get
        {
            ReadOnlySpan<byte> bytes = RawBytes;
            return Fault is null
                ? bytes
                : throw new InvalidOperationException($"Item 0x{Id:x} '{Name}' cannot be interpreted. {Fault}");
        }
    }

    // Only what is in a heap stays where it is.
    private unsafe bool IsAligned(ReadOnlySpan<byte> bytes, int alignment) =>
        alignment == 1
        || ((alignment <= ObjectAlignment || IsInHeap)
            && (nuint)Unsafe.AsPointer(ref MemoryMarshal.GetReference(bytes)) % (nuint)alignment == 0);

    private static Memory<byte> NewBuffer(int size, int alignment)
    {
        if (alignment <= ObjectAlignment)
        {
            return new byte[size];
        }

        byte[] pinned = GC.AllocateArray<byte>(checked(size + alignment), pinned: true);
        nint start = Marshal.UnsafeAddrOfPinnedArrayElement(pinned, 0);
        return pinned.AsMemory((int)(-start & (alignment - 1)), size);
    }

    // Whether the bytes are elements of T as they are. Throws if they never can be.
    private bool IsInPlace<[DynamicallyAccessedMembers(StructLeaves.Members)] T>(
        ReadOnlySpan<byte> bytes, bool bigEndian)
        where T : unmanaged
    {
        ItemType type = Type;
        if (type.NativeType == typeof(T))
        {
            // Only 0 and 1 are booleans.
            return type.Kind == ItemKind.Boolean
                ? type.IsWhole && !bytes.ContainsAnyExceptInRange((byte)0, (byte)1)
                : type.IsWhole && (type.SwapSize == 1 || type.IsLittleEndian != bigEndian);
        }

        if (type.Kind == (typeof(T) == typeof(DateTime) ? ItemKind.DateTime : ItemKind.TimeSpan)
            && (typeof(T) == typeof(DateTime) || typeof(T) == typeof(TimeSpan)))
        {
            return false;
        }

        if (type.Kind is ItemKind.Bytes or ItemKind.Raw && typeof(T) == typeof(byte))
        {
            return true;
        }

        if (type.Kind == ItemKind.Record)
        {
            RecordLayout layout = type.LayoutOf<T>();
            return layout.Fault is null
                ? layout.IsSame
                : throw new InvalidCastException(
                    $"The records of item 0x{Id:x} '{Name}' cannot be read as {typeof(T).Name}: {layout.Fault}.");
        }

        throw WrongType<T>();
    }

    private void Convert<[DynamicallyAccessedMembers(StructLeaves.Members)] T>(
        ReadOnlySpan<byte> bytes, Span<T> elements, bool bigEndian)
        where T : unmanaged
    {
        Span<byte> destination = MemoryMarshal.AsBytes(elements);
        if (Type.Kind == ItemKind.Record)
        {
            bytes.CopyTo(destination);
            Type.LayoutOf<T>().Convert(destination);
        }
        else if (typeof(T) == typeof(DateTime) || typeof(T) == typeof(TimeSpan))
        {
            ElementReader.Read(
                Type, bytes, firstBit: 0, Type.BitWidth, destination, bigEndian: !BitConverter.IsLittleEndian);
            ConvertTimes(elements);
        }
        else
        {
            ElementReader.Read(Type, bytes, firstBit: 0, Type.BitWidth, destination, bigEndian);
        }
    }

    // Numbers of units, in the place of the times that they become.
    private void ConvertTimes<T>(Span<T> times)
        where T : unmanaged
    {
        Span<long> counts = MemoryMarshal.Cast<T, long>(times);
        for (int i = 0; i < counts.Length; i++)
        {
            times[i] = TimeValue.ToObject(Type, counts[i]) is T time
                ? time
                : throw new OverflowException(
                    $"Element {i} of item 0x{Id:x} '{Name}' is {counts[i]} of the unit '{Type.TimeUnit}', which is no "
                    + $"{typeof(T).Name}; read it as {nameof(Int64)}.");
        }
    }

    private Array ReadElements()
    {
        Array elements = ElementReader.ReadArray(Type, ValueBytes, firstBit: 0, Type.BitWidth, _measured.Count);
        GC.KeepAlive(this);
        return ToRowMajor(elements);
    }

    private Array ToRowMajor(Array elements) => Descriptor.IsFortranOrder
        ? MemoryOrder.Change(elements, Shape.Dimensions, toFortran: false)
        : elements;

    private void SetOwned(byte[] bytes, in MeasuredValue measured)
    {
        LetGo();
        _owned = bytes;
        Set(ValueSource.Owned, measured, Version + 1);
    }

    private void Set(ValueSource source, in MeasuredValue measured, long version, string? fault = null)
    {
        if (_measured.VariableLength != measured.VariableLength)
        {
            _shape = null;
        }

        _source = source;
        _fault = fault;
        _measured = measured;
        Version = version;
    }

    private void LetGo()
    {
        Heap? heap = _heap;
        _heap = null;
        _owned = [];
        heap?.Unhold();
    }

    private void ThrowIfReleased() => ObjectDisposedException.ThrowIf(_source == ValueSource.Released, this);

    private void ThrowIfUnknown()
    {
        if (Type.Fault is string fault)
        {
            throw new InvalidOperationException($"Item 0x{Id:x} '{Name}' has an unknown type. {fault}");
        }
    }

    private void ThrowIfNoValue()
    {
        if (!HasValue)
        {
            throw NoValue();
        }
    }

    private void ThrowUnlessOne()
    {
        if (_measured.Count != 1)
        {
            throw new InvalidCastException(
                $"Item 0x{Id:x} '{Name}' has {_measured.Count} elements; it cannot be read as one.");
        }
    }

    private InvalidOperationException NoValue()
    {
        ThrowIfReleased();
        return new InvalidOperationException(
            $"Item 0x{Id:x} '{Name}' {(HasRawBytes ? $"cannot be interpreted. {Fault}" : "has no value yet.")}");
    }

    private InvalidCastException WrongType<T>() => new(
        $"Item 0x{Id:x} '{Name}' is {Type} {Shape}, which cannot be read or written as {typeof(T).Name}. Its elements "
        + $"are {(Descriptor.IsText ? nameof(String) : Type.NativeType.Name)}.");
}
