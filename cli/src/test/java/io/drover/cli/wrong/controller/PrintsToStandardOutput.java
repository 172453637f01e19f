package io.drover.cli.wrong.controller;

public record PrintsToStandardOutput(String what) {
    public void print() {
        System.out.println(what);
    }
}
