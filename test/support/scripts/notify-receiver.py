"""Receives what a daemon tells its service manager: prints each datagram as one line of JSON."""
import json
import socket
import sys

receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
receiver.bind(sys.argv[1])
print(json.dumps("bound"), flush=True)
while True:
    # Without room for them, the file descriptors of a barrier are closed by the kernel, which is what it waits for.
    print(json.dumps(receiver.recv(65536).decode()), flush=True)
