package io.drover.controller.server;

import com.linecorp.armeria.common.util.ThreadFactories;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/**
 * The thread that accepts the connections of a port, with epoll. It ends at once when its port is closed: left to itself, it
 * would stay for two seconds more in case that somebody has work for it, and a server has stopped only once it has ended.
 */
final class Acceptor extends MultiThreadIoEventLoopGroup {
    private static final long WORK_LEFT_SECONDS = 2;

    Acceptor(String threadName) {
        super(1, ThreadFactories.newEventLoopThreadFactory(threadName, false), EpollIoHandler.newFactory());
    }

    /** Armeria calls it once the port is closed. Its own way to set these times has no effect on the group of a port. */
    @Override
    public Future<?> shutdownGracefully() {
        return shutdownGracefully(0, WORK_LEFT_SECONDS, TimeUnit.SECONDS);
    }
}
