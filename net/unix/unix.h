/* AF_UNIX sockets: joins the socket class. Everything else goes through net/socket.h. */
#pragma once

void unix_init(void); /* once, after the filesystems */
