// SPDX-License-Identifier: MIT

// What the tests of engines are about in this suite.
global using ChunkGroup = Spead2.Managed.ManagedChunkGroup;
global using ChunkStream = Spead2.Managed.ManagedChunkStream;
global using InProcessQueue = Spead2.Managed.ManagedInProcessQueue;
global using MemoryPool = Spead2.Managed.ManagedMemoryPool;
global using MmapAllocator = Spead2.Managed.ManagedMmapAllocator;
global using ReceiveStream = Spead2.Managed.ManagedReceiveStream;
global using SendStream = Spead2.Managed.ManagedSendStream;
