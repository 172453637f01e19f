package io.drover.controller.server;

import com.linecorp.armeria.common.HttpRequest;
import com.linecorp.armeria.common.HttpResponse;
import com.linecorp.armeria.server.DecoratingHttpServiceFunction;
import com.linecorp.armeria.server.HttpService;
import com.linecorp.armeria.server.ServiceRequestContext;
import io.grpc.MethodDescriptor;
import io.grpc.ServerServiceDefinition;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/** Streams last as long as they are wanted, and an upload is as long as its file: the limits of other requests are not theirs. */
final class StreamLimits implements DecoratingHttpServiceFunction {
    private final Set<String> streamPaths;

    StreamLimits(List<ServerServiceDefinition> services) {
        this.streamPaths = services.stream().flatMap(service -> service.getMethods().stream())
                .map(method -> method.getMethodDescriptor())
                .filter(method -> method.getType() != MethodDescriptor.MethodType.UNARY)
                .map(method -> "/" + method.getFullMethodName()).collect(Collectors.toUnmodifiableSet());
    }

    @Override
    public HttpResponse serve(HttpService delegate, ServiceRequestContext ctx, HttpRequest request) throws Exception {
        if (streamPaths.contains(ctx.path())) {
            ctx.clearRequestTimeout();
            ctx.setMaxRequestLength(0);
        }
        return delegate.serve(ctx, request);
    }
}
