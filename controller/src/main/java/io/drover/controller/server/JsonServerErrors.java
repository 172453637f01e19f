package io.drover.controller.server;

import com.google.rpc.Code;
import com.google.rpc.Status;
import com.linecorp.armeria.common.AggregatedHttpResponse;
import com.linecorp.armeria.common.HttpResponse;
import com.linecorp.armeria.common.HttpStatus;
import com.linecorp.armeria.common.MediaType;
import com.linecorp.armeria.common.RequestHeaders;
import com.linecorp.armeria.server.ServerErrorHandler;
import com.linecorp.armeria.server.ServiceConfig;
import com.linecorp.armeria.server.ServiceRequestContext;

/** What the server itself says no to, such as a path that is not there, in the same form as the errors of the API. */
final class JsonServerErrors implements ServerErrorHandler {
    @Override
    public HttpResponse onServiceException(ServiceRequestContext ctx, Throwable cause) {
        return null;
    }

    @Override
    public AggregatedHttpResponse renderStatus(ServiceRequestContext ctx, ServiceConfig config, RequestHeaders headers,
            HttpStatus status, String description, Throwable cause) {
        Code code = HttpStatuses.code(status.code());
        String message = description == null ? status.reasonPhrase() : description;
        return AggregatedHttpResponse.of(status, MediaType.JSON_UTF_8,
                JsonErrors.json(Status.newBuilder().setCode(code.getNumber()).setMessage(message).build()));
    }
}
