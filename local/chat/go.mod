module synergychat.local/chat

go 1.26.8
