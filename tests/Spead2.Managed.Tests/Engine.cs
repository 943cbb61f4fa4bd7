// SPDX-License-Identifier: MIT

// What the tests of engines are about in this suite.
global using IoThreadPool = Spead2.Managed.ManagedIoThreadPool;
global using ReceiveStream = Spead2.Managed.ManagedReceiveStream;
