"""A dialer in the style of the article that made this use of ProxyUseFdpass known: a few lines of
Python that connect (IPv6 and IPv4, address after address) and pass the socket over standard output.
A contestant of the benchmark, nothing else. Usage: passer.py HOST PORT"""

import array
import socket
import sys


def main():
    connection = socket.create_connection((sys.argv[1], int(sys.argv[2])))
    descriptors = array.array("i", [connection.fileno()])
    receiver = socket.socket(fileno=1)
    receiver.sendmsg([b"\0"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, descriptors)])


main()
