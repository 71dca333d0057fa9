try:
    from .cli import main
    from .device.door import leave
except KeyboardInterrupt:  # while Python loads, with nothing begun
    raise SystemExit(130) from None

if __name__ == "__main__":
    leave(main())
