-- SPDX-License-Identifier: MIT
--
-- Shows SPEAD packets in Wireshark and tshark: header, items, and which rule or dialect a packet breaks or follows.
--
--   wireshark -X lua_script:tools/spead.lua night.pcapng
--   tshark -X lua_script:tools/spead.lua -r night.pcapng -Y 'spead.cnt == 7' -T fields -e spead.payload_offset
--
-- UDP datagrams that begin like a packet are found by themselves; "Decode As" or -d udp.port==7148,spead shows others.
-- Fields are cut by whole bytes: masks of more than 32 bits lose the upper ones without a word.

local MAGIC, VERSION = 0x53, 4
local HEADER_SIZE, POINTER_SIZE = 8, 8
local HEAP_CNT, HEAP_LENGTH, PAYLOAD_OFFSET, PAYLOAD_LENGTH, STREAM_CONTROL = 1, 2, 3, 4, 6
local SKA_LOW_STATION, SKA_LOW_PAYLOAD = 0x3001, 0x3300

local names = {
    [0x00] = "NULL", [0x01] = "HEAP_CNT", [0x02] = "HEAP_LENGTH", [0x03] = "PAYLOAD_OFFSET", [0x04] = "PAYLOAD_LENGTH",
    [0x05] = "DESCRIPTOR", [0x06] = "STREAM_CTRL", [0x10] = "DESCRIPTOR_NAME", [0x11] = "DESCRIPTOR_DESCRIPTION",
    [0x12] = "DESCRIPTOR_SHAPE", [0x13] = "DESCRIPTOR_FORMAT", [0x14] = "DESCRIPTOR_ID", [0x15] = "DESCRIPTOR_DTYPE",
}

-- What the packets of a dialect may do (docs/dialects.md), the strictest first.
local dialects = {
    { name = "ska-low-sps", datagram_is_heap = true },
    { name = "pyspead", missing_offset_is_zero = true, missing_length_is_rest = true, control_only = true },
    {
        name = "datagram-is-heap", missing_length_is_rest = true, datagram_is_heap = true, ignore_heap_length = true,
        ignore_offset = true, zero_length_is_rest = true,
    },
}

local spead = Proto("spead", "Streaming Protocol for Exchanging Astronomical Data")
local f = {
    magic = ProtoField.uint8("spead.magic", "Magic", base.HEX),
    version = ProtoField.uint8("spead.version", "Version"),
    id_width = ProtoField.uint8("spead.id_width", "Bytes of item identifiers"),
    address_width = ProtoField.uint8("spead.address_width", "Bytes of heap addresses"),
    items = ProtoField.uint16("spead.items", "Items"),
    cnt = ProtoField.uint64("spead.cnt", "Heap cnt"),
    heap_length = ProtoField.uint64("spead.heap_length", "Heap length"),
    payload_offset = ProtoField.uint64("spead.payload_offset", "Payload offset"),
    payload_length = ProtoField.uint64("spead.payload_length", "Payload length"),
    item = ProtoField.none("spead.item", "Item"),
    immediate = ProtoField.bool("spead.item.immediate", "Immediate", 8, nil, 0x80),
    id = ProtoField.uint64("spead.item.id", "Identifier", base.HEX),
    value = ProtoField.uint64("spead.item.value", "Value", base.DEC_HEX),
    address = ProtoField.uint64("spead.item.address", "Heap address"),
    payload = ProtoField.bytes("spead.payload", "Payload"),
    excess = ProtoField.bytes("spead.excess", "Bytes that are no part of the packet"),
    fault = ProtoField.string("spead.fault", "Fault"),
    dialect = ProtoField.string("spead.dialect", "Dialect"),
}
spead.fields = f
spead.experts = { fault = ProtoExpert.new("spead.malformed", "No SPEAD packet", expert.group.MALFORMED, expert.severity.ERROR) }
spead.prefs.payload = Pref.bool("Show payload", false, "Payload as a field: output of tshark becomes large, and slow.")

local special = { [HEAP_CNT] = "cnt", [HEAP_LENGTH] = "heap_length", [PAYLOAD_OFFSET] = "payload_offset", [PAYLOAD_LENGTH] = "payload_length" }

-- Reads the item pointers: a list of them, and the special four by their names.
local function read_items(tvb, id_width, address_width, count)
    local mask = UInt64.new(1):lshift(8 * id_width - 1) - UInt64.new(1)
    local items, found = {}, {}
    for i = 0, count - 1 do
        local at = HEADER_SIZE + i * POINTER_SIZE
        local id = tvb(at, id_width):uint64():band(mask)
        local item = {
            at = at,
            id = id,
            number = id:tonumber(),
            immediate = bit.band(tvb(at, 1):uint(), 0x80) ~= 0,
            value = tvb(at + id_width, address_width):uint64(),
        }
        items[#items + 1] = item
        if item.immediate and special[item.number] then
            found[special[item.number]] = item.value
        end
    end
    return items, found
end

local function has_item(items, immediate, number)
    for _, item in ipairs(items) do
        if item.immediate == immediate and item.number == number then
            return true
        end
    end
    return false
end

-- What a packet has by the rules of a dialect.
local function adapt(found, dialect, items, rest)
    local read = {
        cnt = found.cnt,
        heap_length = not dialect.ignore_heap_length and found.heap_length or nil,
        payload_offset = not dialect.ignore_offset and found.payload_offset or nil,
        payload_length = found.payload_length,
    }
    local zero = UInt64.new(0)
    if dialect.control_only and rest == 0 and has_item(items, true, STREAM_CONTROL)
        and not (read.heap_length or read.payload_offset or read.payload_length) then
        read.heap_length, read.payload_offset, read.payload_length = zero, zero, zero
        return read
    end
    if (not read.payload_length and dialect.missing_length_is_rest)
        or (read.payload_length == zero and dialect.zero_length_is_rest) then
        read.payload_length = UInt64.new(rest)
    end
    if dialect.datagram_is_heap and read.payload_length and not read.heap_length
        and (read.payload_offset == nil or read.payload_offset == zero) then
        read.heap_length = read.payload_length
        read.payload_offset = zero
    end
    if dialect.missing_offset_is_zero and not read.payload_offset then
        read.payload_offset = zero
    end
    return read
end

-- Why a packet with these numbers is none; nil: it is one.
local function fault_of(read, rest)
    if not (read.cnt and read.payload_offset and read.payload_length) then
        return "it has no immediate HEAP_CNT, PAYLOAD_OFFSET or PAYLOAD_LENGTH"
    end
    if read.payload_length > UInt64.new(rest) then
        return "its payload does not fit into it"
    end
    if read.heap_length and read.payload_offset + read.payload_length > read.heap_length then
        return "its payload ends beyond its heap"
    end
    return nil
end

-- The dialect that takes a datagram which the rules refuse, and how it is read then.
local function find_dialect(found, items, rest)
    for _, dialect in ipairs(dialects) do
        local read = adapt(found, dialect, items, rest)
        local takes = not fault_of(read, rest) and read.payload_length == UInt64.new(rest)
        if dialect.name ~= "ska-low-sps" then
            if takes then
                return dialect.name, read
            end
        elseif takes and has_item(items, true, SKA_LOW_STATION) then
            if has_item(items, false, SKA_LOW_PAYLOAD) then
                return "ska-low-antenna-buffer", read
            elseif has_item(items, true, SKA_LOW_PAYLOAD) then
                return "ska-low-sps", read
            end
        end
    end
    return nil, found
end

-- Why a datagram has no readable item pointers; nil: it has.
local function header_fault(tvb)
    if tvb:len() < HEADER_SIZE then
        return "it is shorter than a packet header (8 bytes)"
    end
    if tvb(0, 1):uint() ~= MAGIC or tvb(1, 1):uint() ~= VERSION then
        return "it does not start with the magic number 0x53 and version 4"
    end
    local id_width, address_width = tvb(2, 1):uint(), tvb(3, 1):uint()
    if id_width == 0 or address_width == 0 then
        return "its item identifier or heap address has a width of 0"
    end
    if id_width + address_width ~= POINTER_SIZE then
        return "the widths of item identifier and heap address do not add up to 8 bytes"
    end
    if HEADER_SIZE + tvb(6, 2):uint() * POINTER_SIZE > tvb:len() then
        return "its item pointers do not fit into it"
    end
    return nil
end

local function refuse(tree, range, fault)
    tree:add(f.fault, range, fault):set_generated()
    tree:add_proto_expert_info(spead.experts.fault, fault)
    return "no SPEAD packet: " .. fault
end

local function add_header(tree, tvb)
    tree:add(f.magic, tvb(0, 1))
    tree:add(f.version, tvb(1, 1))
    tree:add(f.id_width, tvb(2, 1))
    tree:add(f.address_width, tvb(3, 1))
    tree:add(f.items, tvb(6, 2))
end

local function add_items(tree, tvb, items, id_width, address_width)
    for _, item in ipairs(items) do
        local value = tvb(item.at + id_width, address_width)
        local branch = tree:add(f.item, tvb(item.at, POINTER_SIZE))
        branch:set_text(string.format("%s %s %s", names[item.number] or "0x" .. item.id:tohex():gsub("^0+", ""),
            item.immediate and "=" or "at", tostring(item.value)))
        branch:add(f.immediate, tvb(item.at, 1))
        branch:add(f.id, tvb(item.at, id_width), item.id)
        branch:add(item.immediate and f.value or f.address, value)
        if item.immediate and special[item.number] then
            branch:add(f[special[item.number]], value)
        end
    end
end

-- Shows the packet at the start of a buffer; gives how many bytes it has, and a line about it.
local function add_packet(tvb, tree)
    local fault = header_fault(tvb)
    if fault then
        return tvb:len(), refuse(tree, tvb(), fault)
    end

    local id_width, address_width, count = tvb(2, 1):uint(), tvb(3, 1):uint(), tvb(6, 2):uint()
    local items, found = read_items(tvb, id_width, address_width, count)
    local start = HEADER_SIZE + count * POINTER_SIZE
    local rest = tvb:len() - start
    add_header(tree, tvb)
    add_items(tree, tvb, items, id_width, address_width)
    local read, prefix = found, ""
    fault = fault_of(found, rest)
    if fault then
        local dialect
        dialect, read = find_dialect(found, items, rest)
        if not dialect then
            return tvb:len(), refuse(tree, tvb(), fault)
        end
        tree:add(f.dialect, tvb(), dialect):set_generated()
        prefix = dialect .. " "
    end

    local length = read.payload_length:tonumber()
    if length > 0 and spead.prefs.payload then
        tree:add(f.payload, tvb(start, length))
    end
    return start + length, string.format("%sSPEAD-64-%d heap %s, bytes %s to %s of %s", prefix, 8 * address_width,
        tostring(read.cnt), tostring(read.payload_offset), tostring(read.payload_offset + read.payload_length),
        read.heap_length and tostring(read.heap_length) or "unknown")
end

function spead.dissector(tvb, pinfo, tree)
    pinfo.cols.protocol = "SPEAD"
    local info = {}
    local rest = tvb
    -- A record of a segmented send has several packets.
    repeat
        local branch = tree:add(spead, rest())
        local length, line = add_packet(rest, branch)
        branch:append_text(", " .. line)
        branch:set_len(length)
        info[#info + 1] = line
        local left = rest:len() - length
        if left == 0 then
            break
        end
        rest = rest(length):tvb()
        local is_packet = left >= HEADER_SIZE and rest(0, 1):uint() == MAGIC and rest(1, 1):uint() == VERSION
        if not is_packet then
            tree:add(f.excess, rest())
        end
    until not is_packet
    pinfo.cols.info = table.concat(info, "; ")
    return tvb:len()
end

spead:register_heuristic("udp", function(tvb, pinfo, tree)
    if tvb:len() < HEADER_SIZE or header_fault(tvb) then
        return false
    end
    spead.dissector(tvb, pinfo, tree)
    return true
end)
DissectorTable.get("udp.port"):add_for_decode_as(spead)
