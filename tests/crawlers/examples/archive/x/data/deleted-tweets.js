window.YTD.deleted_tweets.part0 = [ { "tweet" : { "id_str" : "1600000000000000000", "full_text" : "deleted and never read" } } ]
