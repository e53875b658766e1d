package sqlite
import ("testing";"context";"time";"fmt";"crypto/rand";"os";"bytes";"fairlot/store")
func TestX(t *testing.T){
 dir:=t.TempDir()+"/a b?#%"
 if err:=Create(dir);err!=nil{t.Fatal(err)}
 r,err:=Open(dir); if err!=nil{t.Fatal(err)}
 ctx:=context.Background()
 var cs [2]store.CampaignID
 for i:=range cs{ cs[i][0]=byte(i); r.Identity.CreateGate(ctx,store.Gate{Campaign:cs[i],End:time.Now().Add(time.Hour)})}
 var tags []store.Hash
 var resps [][]byte
 rnd:=func(n int)[]byte{b:=make([]byte,n);rand.Read(b);return b}
 for k:=0;k<60;k++{ var batch []store.Entry
  for i:=0;i<50;i++{ var e store.Entry; e.Campaign=cs[i%2]; copy(e.ID[:],rnd(16)); e.Epoch=1;e.Chances=1; var h store.Hash; copy(h[:],rnd(32)); e.Tag=&h; e.Response=rnd(900); e.Identity=rnd(600);e.Contact=rnd(900);e.Lock=[][]byte{rnd(800),rnd(800)}
   if i%2==0 {tags=append(tags,h); resps=append(resps,e.Response)}
   batch=append(batch,e)}
  if _,err:=r.Identity.Enter(ctx,time.Now,batch);err!=nil{t.Fatal(err)}
 }
 r.Identity.PutBatch(ctx,cs[0],store.Batch{First:1,Last:1})
 count:=func(what string){ 
  db,_:=os.ReadFile(dir+"/identity.db"); wal,_:=os.ReadFile(dir+"/identity.db-wal")
  n,m,a,b:=0,0,0,0
  for i:=range tags{ if bytes.Contains(db,tags[i][:]){n++}; if bytes.Contains(wal,tags[i][:]){m++}; if bytes.Contains(db,resps[i][:200]){a++}; if bytes.Contains(wal,resps[i][:200]){b++}}
  fmt.Println(what,"tags db",n,"wal",m,"resps",a,b,len(db),len(wal))}
 count("before")
 fmt.Println(r.Identity.ClearBatch(ctx,cs[0],1,1)); count("clear")
 fmt.Println(r.Identity.DropTags(ctx,cs[0])); count("drop")
 fmt.Println(r.Identity.Scrub(ctx)); count("scrub")
 fmt.Println(r.Answers.PutMixed(ctx,cs[0],1,1,[]store.Response{{}},nil), r.Answers.Rewrite(ctx,cs[0]))
 fmt.Println(r.Close())
}
func BenchmarkEnter(b *testing.B){
 for _,n:=range []int{1,64,512}{ b.Run(fmt.Sprint(n),func(b *testing.B){
 dir:=b.TempDir(); Create(dir); r,_:=Open(dir); defer r.Close(); ctx:=context.Background()
 var c store.CampaignID; r.Identity.CreateGate(ctx,store.Gate{Campaign:c,End:time.Now().Add(time.Hour)})
 rnd:=func(n int)[]byte{b:=make([]byte,n);rand.Read(b);return b}
 big:=rnd(5000)
 b.ResetTimer()
 for i:=0;i<b.N;i++{ batch:=make([]store.Entry,n); for j:=range batch{ e:=&batch[j]; rand.Read(e.ID[:]); e.Epoch=1;e.Chances=1; var h store.Hash; rand.Read(h[:]); e.Tag=&h; e.Response=big[:1000]; e.Identity=big[:500];e.Contact=big[:700];e.Lock=[][]byte{big[:933],big[:933],big[:934]}}
  if _,err:=r.Identity.Enter(ctx,time.Now,batch);err!=nil{b.Fatal(err)}}
 b.ReportMetric(float64(b.N*n)/b.Elapsed().Seconds(),"rows/s")
 })}
}
